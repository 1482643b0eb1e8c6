"""flash.py's own room: building, and later flashing, checking and labelling nodes.

It talks to boards and files, never to a running controller. Read `commands.py` first.
"""

from .boards import BoardError, Value, compile_board
from .build import (
    IMAGE_SIZE_MAX_BYTES,
    BuildError,
    Image,
    build_application,
    build_linked,
    build_romfs,
    frozen_sources,
)
from .commands import app
from .partitions import TABLE_AT, TABLE_SIZE, Partition, parse_partitions
from .signing import SigningError, sign

__all__ = [
    "IMAGE_SIZE_MAX_BYTES",
    "TABLE_AT",
    "TABLE_SIZE",
    "BoardError",
    "BuildError",
    "Image",
    "Partition",
    "SigningError",
    "Value",
    "app",
    "build_application",
    "build_linked",
    "build_romfs",
    "compile_board",
    "frozen_sources",
    "parse_partitions",
    "sign",
]
