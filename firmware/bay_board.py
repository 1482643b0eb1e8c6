"""A bay detector's sensors: a magnetometer and a radar on one bus."""

import machine

from .drivers.qmc5883l import Qmc5883l
from .drivers.xm125 import Xm125
from .echo import Echo
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
        self._echo = Echo()
        self._radar = Xm125(i2c, self._echo)

    def read(self, readings: Readings) -> None:
        """Fill in what the sensors say now."""
        readings.field_ok = self._compass.read(readings.field)
        readings.temperature_dc = self._compass.temperature_dc
        readings.echo = self._echo
        self._radar.poll()
