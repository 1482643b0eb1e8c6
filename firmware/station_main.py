"""The programme of a node that is a station: what it loads, and nothing of other kinds."""

from . import main
from .station_board import StationBoard
from .station_channel import StationChannel


def run() -> None:
    """Run for ever."""
    main.run(StationBoard, StationChannel)
