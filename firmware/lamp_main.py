"""The programme of a node that is a lamp: what it loads, and nothing of other kinds."""

from . import main
from .lamp_board import LampBoard
from .lamp_channel import LampChannel


def run() -> None:
    """Run for ever."""
    main.run(LampBoard, LampChannel)
