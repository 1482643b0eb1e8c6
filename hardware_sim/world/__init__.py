"""The street itself: sun, mains, lamps as electrical loads, cars, people, and its HTTP handles.

It knows what is physically true, never what the system believes. Read `street.py` first.
"""

from .config import ConfigError, WorldConfig, read
from .run import run

__all__ = ["ConfigError", "WorldConfig", "read", "run"]
