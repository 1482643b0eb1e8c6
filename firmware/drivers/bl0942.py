"""BL0942 energy meter over UART (4800 or 9600 baud): a 23-byte packet with a checksum.

Registers and the order of the packet are from the maker's data sheet (Belling, BL0942 V1.06):
head 0x55, I_RMS, V_RMS, I_FAST_RMS (24 bits each), WATT (signed 24), CF_CNT (24), FREQ (16) and
STATUS, each padded as below, then the complement of the byte sum with the read command.
"""

_READ = b"\x58\xaa"
_COMMAND = 0x58
_HEAD = 0x55
PACKET_SIZE = 23


def parse(packet: bytes) -> tuple[int, int, int] | None:
    """(WATT register, V_RMS register, CF_CNT) or None when the packet is not whole."""
    if len(packet) != PACKET_SIZE or packet[0] != _HEAD:
        return None
    total = _COMMAND
    for index in range(PACKET_SIZE - 1):
        total += packet[index]
    if (total & 0xFF) ^ 0xFF != packet[PACKET_SIZE - 1]:
        return None
    watt = packet[10] | packet[11] << 8 | packet[12] << 16
    if watt & 0x800000:
        watt -= 0x1000000
    volts = packet[4] | packet[5] << 8 | packet[6] << 16
    count = packet[13] | packet[14] << 8 | packet[15] << 16
    return watt, volts, count


class Bl0942:
    """One meter. The five numbers of its scale come from the board file.

    The first by the second are milliwatts for one unit of WATT, the third by the fourth decivolts
    for one of V_RMS, the fifth are pulses of CF_CNT for one watt-hour.
    """

    def __init__(self, uart: object, scale: list[int]) -> None:
        self._uart = uart
        self._scale = scale
        self._count = -1
        self._rest = 0
        self._misses = 0
        self.power_mw = -1
        self.voltage_dv = 0
        self.energy_wh = 0

    def poll(self) -> None:
        """Take the answer to the last request and ask again; -1 mW after five misses."""
        packet = self._uart.read(PACKET_SIZE)
        found = parse(packet) if packet else None
        if found is None:
            self._misses += 1
            if self._misses >= 5:
                self.power_mw = -1
        else:
            self._misses = 0
            self._take(found[0], found[1], found[2])
        self._uart.read()  # What is left belongs to no packet.
        self._uart.write(_READ)

    def _take(self, watt: int, volts: int, count: int) -> None:
        scale = self._scale
        self.power_mw = max(0, watt * scale[0] // scale[1])
        self.voltage_dv = volts * scale[2] // scale[3]
        if self._count >= 0:
            self._rest += (count - self._count) & 0xFFFFFF
            self.energy_wh += self._rest // scale[4]
            self._rest %= scale[4]
        self._count = count
