"""BH1750FVI ambient light sensor over I2C (ROHM data sheet): 16 bits, 1.2 counts a lux."""

ADDRESS = 0x23
_CONTINUOUS_1LX = b"\x10"


class Bh1750:
    """One chip in its continuous mode, a new value every 120 ms; saturated at 54,612 lux."""

    def __init__(self, i2c: object) -> None:
        self._i2c = i2c
        self._buffer = bytearray(2)
        self._started = False

    def read(self) -> int:
        """Tenths of a lux; -1 when the chip does not answer or has only been started."""
        try:
            if not self._started:
                self._i2c.writeto(ADDRESS, _CONTINUOUS_1LX)
                self._started = True
                return -1
            self._i2c.readfrom_into(ADDRESS, self._buffer)
        except OSError:
            self._started = False
            return -1
        return (self._buffer[0] << 8 | self._buffer[1]) * 25 // 3
