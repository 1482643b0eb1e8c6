# mypy: ignore-errors
"""The battery-backed clock, register by register: what is a time, and when it is set and asked."""

from firmware.drivers import ds3231


class Chip:
    """The chip's registers; `cut` ends its power after so many writes."""

    def __init__(self):
        self.registers = bytearray(19)
        self.registers[15] = 0x88
        self.at = 0
        self.there = True
        self.cut = 99
        self.writes = 0

    def writeto(self, address, data):
        if not self.there or address != 0x68:
            raise OSError(19)
        self.at = data[0]
        if len(data) > 1:
            self.writes += 1
            if self.writes > self.cut:
                raise OSError(110)
            self.registers[self.at : self.at + len(data) - 1] = data[1:]

    def readfrom_into(self, address, buffer):
        if not self.there or address != 0x68:
            raise OSError(19)
        buffer[:] = self.registers[self.at : self.at + len(buffer)]


def registers(day, second):
    """A chip's registers when it has been set."""
    return bytes(ds3231.written(day, second)[1:]) + bytes(10)


def test_a_time_is_in_bcd_with_its_day_of_the_week():
    # 2026-11-21, a Saturday, 18:05:59 UTC.
    assert ds3231.written(9821, 65159)[:8] == b"\x00\x59\x05\x18\x06\x21\x11\x26"
    assert ds3231.parse(registers(9821, 65159)) == (9821, 65159, 9821)


def test_every_day_of_the_century_comes_back():
    for day in range(0, 36525, 1):
        assert ds3231.parse(registers(day, day)) == (day, day, day)


def test_what_is_no_time_is_none():
    good = registers(9821, 65159)
    for at, value in (
        (0, 0x60), (0, 0x5A), (1, 0x7F), (2, 0x24), (2, 0x52), (4, 0x00), (4, 0x32), (5, 0x00),
        (5, 0x13), (5, 0x91), (6, 0xA0), (15, 0x80),
    ):  # fmt: skip
        wrong = bytearray(good)
        wrong[at] = value
        assert ds3231.parse(wrong) is None, (at, value)
    wrong = bytearray(registers(59, 0))  # 2000-02-29
    assert ds3231.parse(wrong)[0] == 59
    wrong[6] = 0x01
    assert ds3231.parse(wrong) is None, "2001 has no 29 February"


def test_a_chip_is_set_by_a_good_time_once_a_day_and_asked_by_a_bad_one():
    chip = Chip()
    assert ds3231.keep(chip, 0, 0, 65535) is None, "its oscillator has stopped"
    assert ds3231.keep(chip, 9821, 100, 5) is None
    assert not chip.writes, "that time is not good enough"
    assert ds3231.keep(chip, 9821, 100, 1) is None
    assert ds3231.keep(chip, 0, 0, 65535) == (9821, 100, 9821)
    writes = chip.writes
    ds3231.keep(chip, 9821, 40000, 1)
    assert chip.writes == writes, "once a day is enough"
    ds3231.keep(chip, 9822, 7, 1)
    assert ds3231.keep(chip, 0, 0, 11) == (9822, 7, 9822)
    assert ds3231.keep(chip, 0, 0, 10) is None, "the own time is good enough"
    chip.there = False
    assert ds3231.keep(chip, 0, 0, 65535) is None


def test_a_set_that_is_cut_short_is_no_time():
    for cut in range(3):
        chip = Chip()
        ds3231.keep(chip, 9821, 100, 1)
        chip.cut, chip.writes = cut, 0
        ds3231.keep(chip, 9900, 200, 1)
        told = ds3231.keep(chip, 0, 0, 65535)
        assert told is None if cut else told == (9821, 100, 9821), cut
