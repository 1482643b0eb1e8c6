"""Acconeer XM125 (60 GHz pulsed coherent radar A121) over I2C, with its distance detector.

Registers, commands and byte order are from the maker's "I2C Distance Detector User Guide",
a121-v1.3.0: address 0x52, a register's number in 16 bits and its value in 32, high byte first.
The module is set up once, then measures when asked; it is polled and never waited for.

It looks from 80 mm on (a sensor flush with the road; cars clear it by more) to 1 m. Thresholds
are fixed strengths and the cancellation of leakage is off, for either would have to be
calibrated under an open sky, and a car may stand there when the node is powered.
"""

from ..echo import Echo

ADDRESS = 0x52
_STATUS = 0x0003
_RESULT = 0x0010  # And the distance of the strongest peak after it.
_STRENGTH = 0x001B
_COMMAND = 0x0100
_SETTINGS = (
    (0x0040, 80),  # Start, mm.
    (0x0041, 1000),  # End, mm.
    (0x0043, 0),  # No cancellation of close range leakage.
    (0x0045, 2),  # The longest pulse is profile 2: cars are near.
    (0x0046, 4),  # Threshold: a fixed strength,
    (0x004C, 0xFFFFEC78),  # of -5 dB, in thousandths.
    (0x004B, 2),  # Reflectors are planar.
)
_CALIBRATE, _MEASURE, _RECALIBRATE = 1, 2, 5
_RESET = 1381192737
_ANSWER_POLLS = 30  # Of 100 ms. The guide's longest command, calibration, takes less than one s.
_COUNT_MASK = 0x3FFFFFFF

_UNKNOWN, _CALIBRATING, _READY, _MEASURING = 0, 1, 2, 3


class Xm125:
    """One module. `poll` each tick."""

    def __init__(self, i2c: object, echo: Echo) -> None:
        self._i2c = i2c
        self._echo = echo
        self._register = bytearray(2)
        self._word = bytearray(4)
        self._pair = bytearray(8)
        self._state = _UNKNOWN
        self._polls = 0

    def poll(self) -> None:
        """Go on with what is under way; begin a measurement when one is wanted."""
        try:
            if self._state == _UNKNOWN:
                self._begin()
            elif self._state == _READY:
                if self._echo.wanted:
                    self._command(_MEASURE, _MEASURING)
            else:
                self._answer()
        except OSError:
            self._lost()

    def _begin(self) -> None:
        self._read(_STATUS, self._word)
        if self._word[0] & 0x80:
            return
        if self._word[0] | self._word[1] or self._word[3] & 0x80:  # Errors, or set up before.
            self._write(_COMMAND, _RESET)
            self._lost()
            return
        for register, value in _SETTINGS:
            self._write(register, value)
        self._command(_CALIBRATE, _CALIBRATING)

    def _answer(self) -> None:
        self._read(_STATUS, self._word)
        if self._word[0] & 0x80:
            self._polls += 1
            if self._polls > _ANSWER_POLLS:
                self._lost()
        elif self._word[0] | self._word[1]:
            self._write(_COMMAND, _RESET)
            self._lost()
        elif self._state == _MEASURING:
            self._take()
        else:
            self._state = _READY

    def _take(self) -> None:
        """The result: flags and number of peaks, then distance and strength of the strongest."""
        echo, pair = self._echo, self._pair
        self._read(_RESULT, pair)
        if pair[2] & 0x04:  # It could not measure.
            self._lost()
            return
        echo.near = pair[2] & 1
        echo.mm = echo.strength_db = 0
        if pair[3] & 0x0F:
            echo.mm = pair[6] << 8 | pair[7]
            self._read(_STRENGTH, self._word)
            strength = self._word[1] << 16 | self._word[2] << 8 | self._word[3]
            echo.strength_db = (strength - (self._word[1] >> 7 << 24)) // 1000
        echo.count = echo.count + 1 & _COUNT_MASK
        if pair[2] & 0x02:  # Its temperature has changed too much.
            self._command(_RECALIBRATE, _CALIBRATING)
        else:
            self._state = _READY

    def _lost(self) -> None:
        self._state = _UNKNOWN

    def _command(self, command: int, state: int) -> None:
        self._write(_COMMAND, command)
        self._state = state
        self._polls = 0

    def _write(self, register: int, value: int) -> None:
        self._i2c.writeto(ADDRESS, register.to_bytes(2, "big") + value.to_bytes(4, "big"))

    def _read(self, register: int, buffer: bytearray) -> None:
        self._register[0] = register >> 8
        self._register[1] = register & 0xFF
        self._i2c.writeto(ADDRESS, self._register)
        self._i2c.readfrom_into(ADDRESS, buffer)
