# mypy: ignore-errors
"""The DALI driver's side of its bridge: frames, levels, banks, silence, commissioning."""

import os

from firmware.drivers import dali, dali_commission, dali_words

MEMORY = "dali.memory.test"


class Gear:
    """A driver behind its bridge, as IEC 62386-102 and DiiA part 252 describe it."""

    def __init__(self):
        self.lines, self.longs = [], []
        self.waiting = b""
        self.dead = False
        self.levels = {0xA3: 254, 0xA4: 254}
        self.fade = [5, 0]
        self.arc = 254
        self.status = 0x84
        self.power_mw, self.wh = 60000, 1234567
        self.banks = {205: bytes(11) + b"\x08\xfc"}
        self.metering = True
        self.volts, self.latched = [], 0  # What the mains are in turn, at each look.
        self.dtr = [0, 0]
        self.open = False
        self.stuck = False

    def write(self, line):
        line = bytes(line)
        if line[:1] == b"l":
            self.longs.append(line[:-1].decode())
            self.waiting += b"J01\n"
            return
        assert len(line) == 6 and line[5] == 10, line
        self.lines.append(line[:5].decode())
        told = -1 if self.dead else self.frame(int(line[1:3], 16), int(line[3:5], 16), line[0])
        self.waiting += b"N\n" if told < 0 else b"J%02X\n" % told

    def readinto(self, buffer):
        size = min(len(buffer), len(self.waiting))
        buffer[:size] = self.waiting[:size]
        self.waiting = self.waiting[size:]
        return size or None

    def frame(self, address, code, kind):
        if address == 0xFE:
            self.arc, self.status = code, self.status & 0x7F
        elif address == 0xA3:
            self.dtr[0] = code
        elif address == 0xC3:
            self.dtr[1] = code
        elif address == 0xC9 and self.open and self.dtr == [2, 202] and self.metering:
            self.banks[202] = b"\x0f\0\xaa\x01\0%s\xfd%s" % (
                self.wh.to_bytes(6, "big"), self.power_mw.to_bytes(4, "big"),
            )  # fmt: skip
        elif (address, code, self.dtr) == (0xC9, 0xAA, [2, 205]) and self.open and self.volts:
            self.latched = self.volts[0]
        elif address == 0xFF:
            return self.command(code, kind == 116)
        return -1

    def command(self, code, twice):
        self.open = (code == 0x81 and twice) or (self.open and code == 0xC5)
        if code == 0x90:
            return self.status
        if code == 0xA0:
            return self.arc
        if code in self.levels:
            return self.levels[code]
        if code == 0xA5:
            return self.fade[0] << 4 | 7
        if code == 0xA8:
            return self.fade[1]
        if code == 0xC5:
            at, bank = self.dtr[0], self.banks.get(self.dtr[1], b"")
            if self.dtr[1] == 205 and self.volts:
                self.volts.append(self.volts.pop(0))
                bank = bytes(11) + (self.latched or self.volts[0]).to_bytes(2, "big")
            self.dtr[0] += 1
            return bank[at] if at < len(bank) else -1
        if twice and not self.stuck:
            if code in (0x2C, 0x2D):
                self.levels[0xA3 if code == 0x2D else 0xA4] = self.dtr[0]
            elif code == 0x2E:
                self.fade[0] = self.dtr[0]
            elif code == 0x30:
                self.fade[1] = self.dtr[0]
        return -1


def test_the_mains_are_read_at_one_moment():
    gear, told, loop = begun()
    gear.volts = [0x0900, 0x08FF, 0x08FE]
    seen = set()
    for _ in range(600):
        loop.send(40000)
        seen.add(told[4])
        gear.lines.clear()
    assert seen - {-1} and seen <= {-1, 0x0900, 0x08FF, 0x08FE}, seen


def forget():
    """A node that was never commissioned."""
    for name in (MEMORY, MEMORY + ".told"):
        if name in os.listdir():
            os.remove(name)


def begun(gear=None):
    """A gear, what is told of it, and the driver's loop at its first turn."""
    forget()
    gear, told = gear or Gear(), list(dali.FRESH)
    loop = dali.drive(gear, told, MEMORY)
    loop.send(None)
    return gear, told, loop


def turns(loop, count, duty=-1, gear=None):
    """So many turns; a gear that is named forgets its lines, which would fill a small heap."""
    for at in range(count):
        loop.send(duty)
        if gear and at % 100 == 0:
            gear.lines.clear()


def test_a_light_becomes_the_arc_level_of_the_standards_curve():
    assert dali.arc_of(0) == 0
    assert dali.arc_of(1) == 1
    assert dali.arc_of(65535) == 254
    for level in range(1, 255):
        light = 10 ** (3 * (level - 1) / 253 - 1) / 100
        assert abs(dali.arc_of(int(light * 65535 + 0.5)) - level) <= 1, level
    before = 0
    for duty in range(0, 65536, 97):
        assert dali.arc_of(duty) >= before
        before = dali.arc_of(duty)


def test_power_energy_voltage_and_level_are_read_from_the_driver():
    gear, told, loop = begun()
    turns(loop, 60, 65535)
    assert told[:6] == [0, 0, 60000, 1234567, 2300, 254]
    assert (gear.fade, told[6], told[7]) == ([0, 0x11], -1, 1)


def test_a_new_level_has_its_power_read_at_once_and_a_ramp_does_not_stop_that():
    gear, told, loop = begun()
    turns(loop, 400, 65535, gear)
    for power_mw in (30000, 45000):
        gear.power_mw = power_mw
        turns(loop, 26, power_mw)
        assert told[2] == power_mw
    for duty in range(20000, 30000, 100):  # Each third turn a level.
        gear.power_mw = duty
        turns(loop, 3, duty, gear)
        assert duty - told[2] < 2500 or (told[2] == 45000 and duty < 22500), duty


def test_levels_go_first_and_repeat_only_when_they_change():
    gear, _, loop = begun()
    turns(loop, 20)
    gear.lines.clear()
    for duty in range(20000, 30000, 500):
        loop.send(duty)
    turns(loop, 4, 29500)
    levels = [line for line in gear.lines if line.startswith("hFE")]
    assert len(levels) >= 16
    assert len(gear.lines) - len(levels) >= 2, "it asks in between"
    assert gear.arc == dali.arc_of(29500)
    gear.lines.clear()
    turns(loop, 200, 29500)
    assert not [line for line in gear.lines if line.startswith("hFE")]
    turns(loop, 2, 0)
    assert gear.arc == 0


def test_a_driver_that_had_no_mains_is_given_its_level_again():
    gear, _, loop = begun()
    turns(loop, 120, 20000)
    wanted = gear.arc
    gear.arc, gear.status = 254, 0x84
    turns(loop, 100, 20000)
    assert gear.arc == wanted
    assert not gear.status & 0x80


def test_failures_of_gear_and_lamp_are_told():
    gear, told, loop = begun()
    turns(loop, 60)
    gear.status = 2
    turns(loop, 80)
    assert told[:2] == [0, 1]
    gear.status = 1
    turns(loop, 80)
    assert told[:2] == [1, 0]


def test_a_silent_driver_is_told_and_comes_back_with_its_level():
    gear, told, loop = begun()
    turns(loop, 120, 65535)
    gear.dead = True
    turns(loop, 120, 20000)
    assert told[:6] == [1, -1, -1, 1234567, -1, -1]
    gear.dead, gear.status, gear.levels[0xA4] = False, 0x84, 7
    turns(loop, 120, 20000)
    assert told[0] == 0
    assert gear.arc == dali.arc_of(20000)
    assert gear.levels == {0xA3: 254, 0xA4: 254}, "another driver is commissioned too"


def test_a_driver_without_metering_tells_no_power():
    gear = Gear()
    gear.metering = False
    gear, told, loop = begun(gear)
    turns(loop, 100, 65535)
    assert told[:5] == [0, 0, -1, 0, 2300]


def test_values_that_are_masked_or_scaled_are_taken_as_such():
    told = list(dali.FRESH)
    told[3] = 5
    dali._meter(b"\x01\0" + b"\xff" * 6 + b"\0" + b"\xff" * 4, told)
    assert told[2:4] == [-1, 5]
    dali._meter(b"\x01\x03\0\0\0\0\0\x07\xff\0\0\x02\x58", told)  # 7 kWh, 60.0 W in tenths
    assert told[2:4] == [60000, 7000]
    dali._meter(b"\x01\xfd\0\0\0\0\x27\x10\xfa\0\x01\x86\xa0", told)  # mWh, µW
    assert told[2:4] == [100, 10]


def test_commissioning_writes_both_levels_and_reads_them_back():
    gear = Gear()
    gear.levels = {0xA3: 0, 0xA4: 255}
    gear, told, loop = begun(gear)
    turns(loop, 40)
    assert gear.levels == {0xA3: 254, 0xA4: 254}
    assert told[7] == 1
    told[6] = 170
    turns(loop, 120)
    assert gear.levels == {0xA3: 170, 0xA4: 170}
    assert (told[6], told[7], dali_commission.remembered(MEMORY)) == (-1, 1, 170)
    forget()


def test_a_driver_that_does_not_take_its_levels_is_told():
    gear = Gear()
    gear.levels, gear.stuck = {0xA3: 0, 0xA4: 255}, True
    gear, told, loop = begun(gear)
    turns(loop, 60)
    assert told[7] == 2
    assert told[0] == 0
    forget()


def test_a_torn_or_foreign_line_is_no_answer():
    gear = Gear()
    room = bytearray(12)
    for said, answer in (
        (b"", -2), (b"N\n", -1), (b"X\n", -1), (b"J", -1), (b"J7", -1), (b"J7F\n", 127),
        (b"N\nJff\n", 255), (b"H1234\nL123456\nN\nJ00\n", 0),
    ):  # fmt: skip
        gear.waiting = said
        assert dali.got(gear, room) == answer, said


def lines_of(path):
    with open(path, "rb") as file:
        return {name: str(number) for name, number in dali_words.meaning(file.read())}


def test_banks_are_read_once_beside_the_levels_and_kept_in_a_file():
    gear = Gear()
    gear.banks[1] = b"\x77\xff\0\x04\xec\xc7\x39\x9c\x82" + bytes(7) + b"\x07\0\x03\x1a\x2f\0\x3c"
    gear.banks[203] = b"\x0f\xff\xaa\x01\0\0\0\0\0\x10\0\xff\0\0\x02\x58"  # 4,096 VAh, 60.0 VA
    gear.banks[205] = (
        b"\x1c\xff\xaa\x01\0\0\x27\x10\0\0\x2a\x08\xfc\x32\xff" + bytes(12) + b"\x65\xfe"
    )
    gear, told, loop = begun(gear)
    turns(loop, 60, 65535)
    for duty in range(30000, 30500, 50):
        loop.send(duty)
    for _ in range(4):
        gear.power_mw += 1
        turns(loop, 70, 30000)
        assert told[2] == gear.power_mw, "metering goes on meanwhile"
    turns(loop, 20, 30000)
    gear.lines.clear()
    found = lines_of(MEMORY + ".told")
    assert found["luminaire_gtin"] == "5415001234562"
    assert (found["luminaire_id"], found["made_year"], found["made_week"]) == ("7", "26", "47")
    assert found["nominal_power_w"] == "60"
    assert (found["apparent_energy_vah"], found["apparent_power_va"]) == ("4096", "60")
    assert (found["gear_on_s"], found["gear_starts"], found["gear_c"]) == ("10000", "42", "41")
    unknown = ("power_factor_percent", "light_lm", "load_power_w", "light_starts")
    assert not [name for name in unknown if name in found]
    assert gear.arc == dali.arc_of(30000)
    with open(MEMORY + ".told", "rb") as file:
        assert told[9] == file.read(), "what was read is told"
    turns(loop, 300, 30000)
    assert "hC301" not in gear.lines
    os.remove(MEMORY + ".told")
    forget()


def test_memory_is_read_again_when_that_is_asked_but_not_sooner_than_in_ten_minutes():
    gear, told, loop = begun()
    turns(loop, 300, 65535)
    assert isinstance(told[9], bytes)
    told[9] = 0
    turns(loop, 6200, 65535, gear)
    assert told[9] == 0, "nobody asked"
    gear.lines.clear()
    told[9] = 1
    turns(loop, 300, 65535)
    assert isinstance(told[9], bytes)
    assert gear.lines.count("hC3CE") == 1
    told[9] = 1
    turns(loop, 5000, 65535, gear)
    assert told[9] == 1
    turns(loop, 1300, 65535, gear)
    assert isinstance(told[9], bytes)
    forget()


def test_a_driver_that_falls_silent_while_its_memory_is_read_is_told_at_once():
    gear = Gear()
    gear.banks[1] = bytes(range(64))
    gear, told, loop = begun(gear)
    while "hC301" not in gear.lines:
        turns(loop, 1, 65535)
    turns(loop, 10, 65535)
    gear.dead = True
    turns(loop, 60, 65535)
    assert (told[0], told[9]) == (1, 0)
    assert MEMORY + ".told" not in os.listdir()
    gear.dead = False
    turns(loop, 300, 65535)
    assert told[0] == 0
    assert told[9][:3] == b"\x01\x03\x20"
    forget()


def test_an_input_devices_event_of_24_bits_tells_presence_and_devices_are_asked():
    gear, told, loop = begun()
    turns(loop, 60)
    assert told[8] == -1
    for frame, present in (
        (b"L040C02\n", 1),  # By short address and type 3: occupied.
        (b"L040C00\n", 0),
        (b"L868002\n", 1),  # By type and instance.
        (b"L041002\n", 1),  # Type 4: a light sensor's.
        (b"L050C00\n", 1),  # A command, not an event.
        (b"L04800\n", 1),  # Torn.
        (b"L048C00\n", 1),  # Of an instance whose type is not told.
        (b"L860000\n", 1),
        (b"L868000\n", 0),
    ):
        gear.waiting += frame
        turns(loop, 1)
        assert told[8] == present, frame
    for _ in range(9):
        turns(loop, 100)
        gear.lines.clear()
    assert gear.longs == ["lFFFE35"]
    assert lines_of(MEMORY + ".told")["input_instances"] == "1"
    os.remove(MEMORY + ".told")
