# mypy: ignore-errors
"""The XM125 radar by its registers, as its maker's guide describes them."""

from firmware.drivers.xm125 import Xm125
from firmware.echo import Echo


class Module:
    """An XM125 as its guide describes it: two bytes of address, four of value, high byte first."""

    def __init__(self):
        self.values = {3: 1}
        self.busy = 0
        self.commands = []
        self.there = True
        self.pointer = 0

    def writeto(self, address, data):
        if address != 0x52 or not self.there:
            raise OSError(19)
        self.pointer = data[0] << 8 | data[1]
        if len(data) == 6:
            value = int.from_bytes(data[2:], "big")
            if self.pointer == 0x100:
                self.commands.append(value)
                self.busy = 2
                self.values[3] = 1 if value > 100 else 0x3FF
            else:
                self.values[self.pointer] = value

    def readfrom_into(self, address, buffer):
        if address != 0x52 or not self.there:
            raise OSError(19)
        for at in range(0, len(buffer), 4):
            value = self.values.get(self.pointer + at // 4, 0)
            if self.pointer == 3 and self.busy:
                self.busy -= 1
                value |= 0x80000000
            buffer[at : at + 4] = value.to_bytes(4, "big")


def radar():
    """A module, its driver after its calibration, and what it tells."""
    module, echo = Module(), Echo()
    chip = Xm125(module, echo)
    for _ in range(5):
        chip.poll()
    return module, chip, echo


def measured(module, chip, echo, result, mm=0, strength=0):
    """Poll until a measurement of these registers is in."""
    module.values[0x10], module.values[0x11], module.values[0x1B] = result, mm, strength
    echo.wanted = True
    count = echo.count
    for _ in range(6):
        chip.poll()
        if echo.count != count:
            return
    raise AssertionError("no measurement")


def test_the_radar_is_set_up_for_a_car_and_calibrated_once():
    module, chip, echo = radar()
    assert module.commands == [1]
    assert (module.values[0x40], module.values[0x41], module.values[0x43]) == (80, 1000, 0)
    assert module.values[0x4C] == 0x100000000 - 5000
    for _ in range(20):
        chip.poll()
    assert module.commands == [1], "it measures only when it is asked"
    assert echo.count == 0


def test_the_radar_tells_distance_and_strength_of_the_strongest_peak():
    module, chip, echo = radar()
    measured(module, chip, echo, 1, 163, 21500)
    assert (echo.mm, echo.strength_db, echo.near) == (163, 21, 0)
    measured(module, chip, echo, 1, 163, 0x100000000 - 3500)
    assert echo.strength_db == -4
    measured(module, chip, echo, 0x100, 163, 21500)
    assert (echo.mm, echo.strength_db, echo.near) == (0, 0, 1)


def test_a_radar_that_asks_for_it_is_calibrated_again():
    module, chip, echo = radar()
    measured(module, chip, echo, 0x201, 163, 21500)
    for _ in range(4):
        chip.poll()
    assert module.commands[:3] == [1, 2, 5]


def test_a_radar_that_was_away_is_set_up_again():
    module, chip, echo = radar()
    module.there = False
    chip.poll()
    echo.wanted = True
    for _ in range(3):
        chip.poll()
    module.there, module.values, module.busy = True, {3: 1}, 0
    for _ in range(8):
        chip.poll()
    assert module.commands[-2:] == [1, 2]
    assert module.values[0x40] == 80


def test_a_radar_in_error_is_reset():
    module, chip, echo = radar()
    echo.wanted = True
    chip.poll()
    module.values[3], module.busy = 0x10000000, 0
    for _ in range(8):
        chip.poll()
    assert 1381192737 in module.commands
    assert module.commands[-1] in (1, 2)
