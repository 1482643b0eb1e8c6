"""QMC5883L three-axis magnetometer over I2C (QST data sheet, revision A).

Continuous mode, 50 Hz, 8 gauss, oversampling 512: 3,000 counts a gauss, so 100,000 nT / 3,000.
Its temperature has 100 counts a degree and no calibrated zero: good for what drifts with it.
"""

import struct

ADDRESS = 0x0D
_DATA = 0x00
_STATUS = 0x06
_TEMPERATURE = 0x07
_TEMPERATURE_EVERY = 16
_CONTROL_1 = 0x09
_SET_RESET = 0x0B
_CONTINUOUS_50HZ_8G = 0b00010101
_READY = 0x01


class Qmc5883l:
    """One chip. `read` fills a list of three with nT; `temperature_dc` in tenths of a degree."""

    def __init__(self, i2c: object) -> None:
        self._i2c = i2c
        self._buffer = bytearray(6)
        self._byte = bytearray(1)
        self._pair = bytearray(2)
        self._count = 0
        self.temperature_dc = 0
        self._started = False

    def _start(self) -> None:
        self._i2c.writeto_mem(ADDRESS, _SET_RESET, b"\x01")
        self._i2c.writeto_mem(ADDRESS, _CONTROL_1, bytes((_CONTINUOUS_50HZ_8G,)))
        self._started = True

    def read(self, field: list[int]) -> bool:
        """Fill the field; False when the chip does not answer or has nothing new."""
        try:
            if not self._started:
                self._start()
            self._i2c.readfrom_mem_into(ADDRESS, _STATUS, self._byte)
            if not self._byte[0] & _READY:
                return False
            self._i2c.readfrom_mem_into(ADDRESS, _DATA, self._buffer)
            if not self._count:
                self._i2c.readfrom_mem_into(ADDRESS, _TEMPERATURE, self._pair)
        except OSError:
            self._started = False
            return False
        self._count = (self._count + 1) % _TEMPERATURE_EVERY
        raw = self._pair[0] | self._pair[1] << 8
        self.temperature_dc = (raw - (raw >> 15 << 16)) // 10
        x, y, z = struct.unpack("<hhh", self._buffer)
        field[0], field[1], field[2] = x * 100 // 3, y * 100 // 3, z * 100 // 3
        return True
