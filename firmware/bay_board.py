"""A bay detector's sensors: a magnetometer and a radar on one bus."""

import machine

from .drivers.qmc5883l import Qmc5883l
from .drivers.xm125 import Xm125
from .duty import DEEP, mode_of
from .echo import Echo
from .esp32 import Esp32Board
from .parts import PARTS
from .readings import Readings

_SDA, _SCL = PARTS.index("sda"), PARTS.index("scl")
_BATTERY = PARTS.index("battery")
_PASS_MS = 100


class BayBoard(Esp32Board):
    """What the board's list has of the sensor's bus."""

    def __init__(self, spec: "list[int]", credentials: tuple[str, str]) -> None:
        Esp32Board.__init__(self, spec, credentials)
        i2c = machine.I2C(0, scl=machine.Pin(spec[_SCL]), sda=machine.Pin(spec[_SDA]))
        self._compass = Qmc5883l(i2c)
        self._battery = spec[_BATTERY]
        self._echo = Echo()
        self._radar = Xm125(i2c, self._echo)

    def read(self, readings: Readings) -> None:
        """Fill in what the sensors say now, on a battery after a rest."""
        if self._battery:
            self._rest()
        readings.field_ok = self._compass.read(readings.field)
        readings.temperature_dc = self._compass.temperature_dc
        readings.echo = self._echo
        self._radar.poll()

    def _rest(self) -> None:
        """Sleep as the detector's plan says; the radio is off then."""
        echo = self._echo
        self.pass_ms = _PASS_MS if echo.radio else 0
        if echo.radio or echo.rest_ms <= 0:
            return
        if self.net.active():
            self.net.active(False)
        if mode_of(echo.rest_ms) == DEEP:
            machine.deepsleep(echo.rest_ms)  # The node starts again afterwards.
        else:
            machine.lightsleep(echo.rest_ms)

    def network_up(self) -> bool:
        """Whether there is a network; on a battery only while something is to be told."""
        if self._battery and not self._echo.radio:
            return False
        return Esp32Board.network_up(self)
