# mypy: ignore-errors
"""The chips beside the node, answered register by register; presence and the monitor of a lamp."""

from firmware.drivers import bh1750
from firmware.drivers.bl0942 import PACKET_SIZE, Bl0942, parse
from firmware.drivers.qmc5883l import Qmc5883l

SCALE = [1000, 596, 10, 15187, 5]


def packet(watt, volts, count):
    """A whole packet of the meter."""
    data = bytearray(PACKET_SIZE)
    data[0] = 0x55
    for at, value in ((4, volts), (10, watt), (13, count)):
        data[at], data[at + 1], data[at + 2] = value & 255, value >> 8 & 255, value >> 16 & 255
    data[22] = ((0x58 + sum(data[:22])) & 255) ^ 255
    return bytes(data)


class Uart:
    """A line that answers each request with the next packet."""

    def __init__(self, answers):
        self.answers = answers
        self.asked = []

    def write(self, data):
        self.asked.append(data)

    def read(self, size=None):
        return self.answers.pop(0) if size and self.answers else None


def test_a_packet_of_the_meter_is_read():
    assert parse(packet(35760, 3494000, 77)) == (35760, 3494000, 77)
    assert parse(packet(0x1000000 - 5, 0, 0))[0] == -5


def test_a_damaged_packet_is_none_at_every_bit():
    good = packet(35760, 3494000, 77)
    for bit in range(PACKET_SIZE * 8):
        wrong = bytearray(good)
        wrong[bit // 8] ^= 1 << bit % 8
        assert parse(bytes(wrong)) is None, bit
    for size in range(PACKET_SIZE):
        assert parse(good[:size]) is None


def test_the_meter_tells_milliwatts_decivolts_and_watt_hours():
    uart = Uart([packet(35760, 3493010, 100), packet(35760, 3493010, 111)])
    meter = Bl0942(uart, SCALE)
    meter.poll()
    assert (meter.power_mw, meter.voltage_dv, meter.energy_wh) == (60000, 2300, 0)
    meter.poll()
    assert meter.energy_wh == 2
    assert uart.asked == [b"\x58\xaa"] * 2


def test_the_counter_of_the_meter_may_wrap():
    uart = Uart([packet(0, 0, 0xFFFFFE), packet(0, 0, 8)])
    meter = Bl0942(uart, SCALE)
    meter.poll()
    meter.poll()
    assert meter.energy_wh == 2


def test_a_silent_meter_is_told_after_five_misses():
    uart = Uart([packet(35760, 3493010, 100)])
    meter = Bl0942(uart, SCALE)
    meter.poll()
    for _ in range(4):
        meter.poll()
        assert meter.power_mw == 60000
    meter.poll()
    assert meter.power_mw == -1


class Bus:
    """A bus with a magnetometer that is ready when it was started."""

    def __init__(self):
        self.control = 0
        self.broken = False

    def writeto_mem(self, address, register, data):
        if self.broken:
            raise OSError(19)
        if register == 9:
            self.control = data[0]

    def readfrom_mem_into(self, address, register, buffer):
        if self.broken:
            raise OSError(19)
        if register == 6:
            buffer[0] = self.control & 1
        elif register == 7:
            buffer[:] = b"\x0c\xfe"  # -500
        else:
            buffer[:] = b"\x2c\x01\xd4\xfe\x00\x00"  # 300, -300, 0


def test_the_magnetometer_tells_nanotesla():
    chip, field = Qmc5883l(Bus()), [0, 0, 0]
    assert chip.read(field)
    assert field == [10000, -10000, 0]
    assert chip.temperature_dc == -50


def test_a_magnetometer_that_comes_back_is_started_again():
    bus = Bus()
    chip, field = Qmc5883l(bus), [0, 0, 0]
    assert chip.read(field)
    bus.broken, bus.control = True, 0
    assert not chip.read(field)
    bus.broken = False
    assert chip.read(field)
    assert bus.control & 1


class LightBus:
    """A bus whose light sensor counts so much; None: there is none."""

    def __init__(self, count):
        self.count = count
        self.commands = []

    def writeto(self, address, data):
        if self.count is None:
            raise OSError(19)
        self.commands.append((address, data))

    def readfrom_into(self, address, buffer):
        if self.count is None:
            raise OSError(19)
        buffer[0], buffer[1] = self.count >> 8, self.count & 255


def test_the_light_sensor_tells_tenths_of_a_lux():
    bus = LightBus(42)
    buffer = bytearray(2)
    assert bh1750.read(bus, buffer) == 350
    assert bus.commands == [(0x23, b"\x10")]
    bus.count = 65535
    assert bh1750.read(bus, buffer) == 546125


def test_a_light_sensor_that_is_gone_tells_nothing_and_is_started_again():
    bus = LightBus(None)
    buffer = bytearray(2)
    assert bh1750.read(bus, buffer) == -1
    bus.count = 1200
    assert bh1750.read(bus, buffer) == 10000
    assert len(bus.commands) == 1
