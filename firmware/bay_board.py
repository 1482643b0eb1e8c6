"""A bay detector's sensor: a magnetometer."""

import machine

from .drivers.qmc5883l import Qmc5883l
from .esp32 import Esp32Board
from .readings import Readings


class BayBoard(Esp32Board):
    """Pins: sda, scl."""

    def __init__(self, spec: dict[str, dict[str, int]], credentials: tuple[str, str]) -> None:
        Esp32Board.__init__(self, spec, credentials)
        pins = spec["pins"]
        i2c = machine.I2C(0, scl=machine.Pin(pins["scl"]), sda=machine.Pin(pins["sda"]))
        self._compass = Qmc5883l(i2c)

    def read(self, readings: Readings) -> None:
        """Fill in what the sensor says now."""
        readings.field_ok = self._compass.read(readings.field)
