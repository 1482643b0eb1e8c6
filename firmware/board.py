"""What a node needs of its hardware. `esp32.py` is one; tests and the world bring others.

Everything is polled and never waits. Methods of parts that a board does not have do nothing.
"""

from .node import Readings


class Board:
    """The interface, and a board without any part."""

    def set_duty(self, duty: int) -> None:
        """Dim the lamp: 0-65535."""

    def read(self, readings: Readings) -> None:
        """Fill in what the sensors say now."""

    def random(self, size: int) -> bytes:
        """Bytes nobody can guess."""
        raise OSError("this board has no source of randomness, {} bytes asked".format(size))

    def network_up(self) -> bool:
        """Whether there is a network; joins it in the background when there is none."""
        return False

    def feed_watchdog(self) -> None:
        """The loop is alive."""

    def reset_cause(self) -> int:
        """Why the node started, as `machine.reset_cause()` has it."""
        return 0
