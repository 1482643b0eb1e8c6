"""BH1750FVI ambient light sensor over I2C (ROHM data sheet): 16 bits, 1.2 counts a lux.

A function and no class, for its only state is the buffer: a class would take 300 bytes more.
"""

ADDRESS = 0x23
_CONTINUOUS_1LX = b"\x10"


def read(i2c: object, buffer: bytearray) -> int:
    """Tenths of a lux, at most 546,125; -1 when the chip does not answer.

    The buffer has 2 bytes. The chip is told its mode each time, so that one that was without power
    goes on; it counts nothing before it was told first, 120 ms ago.
    """
    try:
        i2c.readfrom_into(ADDRESS, buffer)
        i2c.writeto(ADDRESS, _CONTINUOUS_1LX)
    except OSError:
        return -1
    return (buffer[0] << 8 | buffer[1]) * 25 // 3
