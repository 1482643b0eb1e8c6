"""A bay detector's sensor: a magnetometer."""

import machine

from .drivers.qmc5883l import Qmc5883l
from .esp32 import Esp32Board
from .parts import PARTS
from .readings import Readings

_SDA, _SCL = PARTS.index("sda"), PARTS.index("scl")


class BayBoard(Esp32Board):
    """What the board's list has of the sensor's bus."""

    def __init__(self, spec: "list[int]", credentials: tuple[str, str]) -> None:
        Esp32Board.__init__(self, spec, credentials)
        i2c = machine.I2C(0, scl=machine.Pin(spec[_SCL]), sda=machine.Pin(spec[_SDA]))
        self._compass = Qmc5883l(i2c)

    def read(self, readings: Readings) -> None:
        """Fill in what the sensor says now."""
        readings.field_ok = self._compass.read(readings.field)
