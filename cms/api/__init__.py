"""The operator API and the pages: routes and thin handlers.

It decides nothing about light; cores do, and street_io.py finds their rows. Read `app.py` first.
"""

from .app import build
from .context import Context

__all__ = ["Context", "build"]
