"""The peripherals a node uses, on paper: PWM, Pin, UART, I2C, WDT.

The UART has a BL0942 at its other end, the bus a QMC5883L, a BH1750 and an XM125; what only some
boards have is in modules of its own (an air station's PMS5003, SHT31 and sound level meter).

They answer at register level, so that the firmware's drivers are the real ones.
"""

import struct
import sys

from .layout import (
    DRIVEN, DUTY, FEEDS, FIELD_X, FIELD_Y, FIELD_Z, LUX_X10, METER, POWER_MW, PRESENCE,
    PULSES, RELAY, VOLTAGE_DV,
)  # fmt: skip
from .simpage import WORD, signed, words

PWRON_RESET = 1
_CELSIUS = 20
WDT_RESET = int("3")  # A plain number would be put where it is used, and that is in boot.py.


class Pin:
    """A pin; inputs are bits of PRESENCE from pin 33 on, and below it from bit 30 down."""

    IN = 0
    OUT = 1
    PULL_UP = 2

    def __init__(self, number, mode=IN, pull=None, value=None):
        self.number = number

    def value(self, level=None):
        """The input's level; the boot button's, number 0, is low while it is held.

        The one output that is driven through a pin is the coil of a lamp's relay, and its level is
        not asked for.
        """
        if level is not None:
            words[RELAY // WORD] = level
            return level
        if not self.number:
            return 1 - (words[PRESENCE // WORD] >> 31)
        return words[PRESENCE // WORD] >> (self.number - 33) % 31 & 1


class PWM:
    """The lamp's dimming output."""

    def __init__(self, pin, freq=1000, duty_u16=0):
        self.duty_u16(duty_u16)

    def duty_u16(self, duty=None):
        """Drive the output, or tell what it is driven with."""
        if duty is None:
            return words[DUTY // WORD]
        words[DUTY // WORD] = duty
        words[DRIVEN // WORD] = 1
        return None


def UART(number, baudrate=9600, tx=None, rx=None, timeout=0):
    """A serial port; on what is no pin it is a simulated pair of wires, in line.py."""
    if tx > 99:
        __import__("simline")
        return sys.modules.pop("simline").wired(tx)
    return Serial(number, tx)


class Serial:
    """A line with a BL0942 at its other end, or with Modbus modules where it is number 2.

    On pin 26 number 2 has a DALI bridge, on pin 14 number 1 a PMS5003.
    """

    def __init__(self, number, tx):
        self._waiting = b""
        # Linked apart, so that it takes no memory of nodes that have no such line.
        if tx == 14:
            self._packet = __import__("simparticles").answer
        elif number != 2:
            self._packet = bytearray(23)
        else:
            self._packet = _dali if tx == 26 else __import__("simmodbus").answer

    def write(self, data):
        """A command to the meter or a request to a module."""
        if data != b"\x58\xaa":
            self._waiting = self._packet(data)
        elif words[METER // WORD]:
            self._answer()
        return len(data)

    def _answer(self):
        packet = self._packet
        watt = words[POWER_MW // WORD] * 596 // 1000
        volts = words[VOLTAGE_DV // WORD] * 15187 // 10
        struct.pack_into("<BHB", packet, 0, 0x55, 0, 0)
        _put24(packet, 4, volts)
        _put24(packet, 10, watt)
        _put24(packet, 13, words[PULSES // WORD])
        total = 0x58
        for index in range(22):
            total += packet[index]
        packet[22] = (total & 0xFF) ^ 0xFF
        self._waiting = bytes(packet)

    def read(self, size=None):
        """What has come in, at most `size` bytes; None when nothing has."""
        waiting = self._waiting
        if not waiting:
            return None
        if size is None:
            size = len(waiting)
        self._waiting = waiting[size:]
        return waiting[:size]

    def readinto(self, buffer):
        """The same, into a buffer: the bytes that have come, or None."""
        waiting = self.read(len(buffer))
        if waiting is None:
            return None
        buffer[: len(waiting)] = waiting
        return len(waiting)


def _dali(line):
    """A line to the DALI bridge, which takes memory while it answers only."""
    __import__("simdali")
    return sys.modules.pop("simdali").answer(line)


def _put24(packet, at, value):
    packet[at] = value & 0xFF
    packet[at + 1] = value >> 8 & 0xFF
    packet[at + 2] = value >> 16 & 0xFF


class I2C:
    """A bus: QMC5883L at address 0x0D, BH1750 at 0x23; SHT31 0x44, XM125 0x52, DS3231 0x68."""

    def __init__(self, number, scl=None, sda=None, freq=400000):
        self._control = 0

    def writeto_mem(self, address, register, data):
        """Set a register."""
        if address != 0x0D:
            raise OSError(19)
        if register == 0x09:
            self._control = data[0]

    def readfrom_mem_into(self, address, register, buffer):
        """Read registers: status 0x06, data 0x00."""
        if address != 0x0D:
            raise OSError(19)
        if register == 0x06:
            buffer[0] = 1 if self._control & 1 else 0
        elif register == 0x00:
            struct.pack_into(
                "<hhh", buffer, 0, signed[FIELD_X // WORD] * 3 // 100,
                signed[FIELD_Y // WORD] * 3 // 100, signed[FIELD_Z // WORD] * 3 // 100,
            )  # fmt: skip
        elif register == 0x07:
            struct.pack_into("<h", buffer, 0, _CELSIUS * 100)

    def writeto(self, address, data):
        """A command to the light sensor, which needs none, or to another chip."""
        if address != 0x23:
            _chip(address).write(data)

    def readfrom_into(self, address, buffer):
        """The light sensor's count, 1.2 a lux, or what another chip answers."""
        if address != 0x23:
            _chip(address).read(buffer)
            return
        count = min(65535, words[LUX_X10 // WORD] * 12 // 100)
        buffer[0] = count >> 8
        buffer[1] = count & 0xFF


def _chip(address):
    """What only some boards have on their bus: a module by its address, linked apart."""
    try:
        chip = __import__("sim{:x}".format(address))
        if address == 0x68:  # It is seldom asked, and let go of.
            sys.modules.pop("sim68")
        return chip
    except ImportError:
        raise OSError(19)  # noqa: B904  # the cause would take memory of a node


class WDT:
    """The watchdog; the world only counts its feeds."""

    def __init__(self, timeout=5000):
        pass

    def feed(self):
        """The loop is alive."""
        words[FEEDS // WORD] = (words[FEEDS // WORD] + 1) & 0x3FFFFFFF


def Timer(number):
    """The timer; it is in seldom.py."""
    __import__("simseldom")
    return sys.modules.pop("simseldom")


def ADC(pin, atten):
    """The converter, with a sound level meter at its pin."""
    return _chip(0x44)


def RTC():
    """The clock chip, of which the memory is there."""
    return Timer(0)


def reset_cause():
    """Every start of a simulated node is a power-on."""
    return PWRON_RESET


def reset():
    """Start again: the zygote sees the exit and forks anew."""
    sys.exit(3)
