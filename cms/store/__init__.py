"""The CMS's database: tables, migrations, and units of work.

It decides nothing; cores hand it changes. Read `tables.py` first.
"""

from . import tables
from .store_io import Row, Store, Unit

__all__ = ["Row", "Store", "Unit", "tables"]
