"""flash.py's own room: building, and later flashing, checking and labelling nodes.

It talks to boards and files, never to a running controller. Read `commands.py` first.
"""

from .build import BuildError, Image, build_application, build_linked, build_romfs
from .commands import app

__all__ = ["BuildError", "Image", "app", "build_application", "build_linked", "build_romfs"]
