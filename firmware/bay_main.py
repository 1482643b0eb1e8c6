"""The programme of a node that is a parking bay: what it loads, and nothing of other kinds."""

from . import main
from .bay_board import BayBoard
from .bay_channel import BayChannel


def run() -> None:
    """Run for ever."""
    main.run(BayBoard, BayChannel)
