# mypy: ignore-errors
"""The chips of an air station, byte by byte: particles, climate, noise, and what is none."""

from firmware.drivers import air_chips, noise, pms5003, sht31
from protocol import wire

VALID, SILENT, CHECKSUM, WARMING, RANGE, HUMID, TEMPERATURE, UNJUDGED = range(8)


def dust(pm1, pm2_5, pm10):
    """A frame of the particle sensor, as its manual draws it."""
    words = [28, pm1 + 1, pm2_5 + 1, pm10 + 1, pm1, pm2_5, pm10, 9, 8, 7, 6, 5, 4, 0x9700]
    data = b"BM"
    for word in words:
        data += bytes((word >> 8, word & 255))
    total = sum(data)
    return data + bytes((total >> 8 & 255, total & 255))


class Dust:
    """The sensor at the end of its line; `asked` are the commands that it got."""

    def __init__(self):
        self.asked = []
        self.waiting = b""
        self.answer = dust(5, 12, 20)
        self.awake = True

    def write(self, data):
        assert len(data) == 7 and data[:2] == b"BM", data
        assert sum(data[:5]) == data[5] << 8 | data[6], data
        self.asked.append(data[2] << 8 | data[4])
        if data[2] == 0xE4:
            self.awake = data[4] == 1
        elif data[2] == 0xE2 and self.awake:
            self.waiting += self.answer

    def read(self, size=None):
        waiting, self.waiting = self.waiting, b""
        return waiting or None


def run(driver, from_s, to_s):
    """Ten ticks a second of a time that goes round."""
    for tick in range(from_s * 10, to_s * 10):
        driver.send((tick * 100 + 0x3FFF0000) & 0x3FFFFFFF)


def test_particles_are_none_for_thirty_seconds_and_then_those_of_the_atmosphere():
    line, told = Dust(), list(pms5003.FRESH)
    driver = pms5003.drive(line, told)
    driver.send(None)
    line.waiting = dust(999, 999, 999)  # It speaks before it was told to be silent.
    run(driver, 0, 30)
    assert told == [WARMING, -1, -1, -1]
    assert line.asked == [0xE401, 0xE100]
    run(driver, 30, 33)
    assert told == [VALID, 50, 120, 200]
    line.answer = dust(6, 13, 21)
    run(driver, 33, 36)
    assert told == [VALID, 60, 130, 210]


def test_no_damaged_frame_of_particles_is_a_number():
    good = dust(5, 12, 20)
    told = list(pms5003.FRESH)
    for bit in range(len(good) * 8):
        wrong = bytearray(good)
        wrong[bit // 8] ^= 1 << bit % 8
        assert pms5003.parse(bytes(wrong), told) == CHECKSUM, bit
    for size in range(1, len(good)):
        assert pms5003.parse(good[:size], told) == CHECKSUM, size
    assert pms5003.parse(b"", told) == SILENT
    assert pms5003.parse(dust(1, 2, 1001), told) == RANGE
    assert told == list(pms5003.FRESH)
    assert pms5003.parse(b"\x01\x02" + good, told) == VALID
    assert told[1:] == [50, 120, 200]


def test_a_silent_particle_sensor_is_told_and_woken_again():
    line, told = Dust(), list(pms5003.FRESH)
    driver = pms5003.drive(line, told)
    driver.send(None)
    run(driver, 0, 35)
    line.answer = b""
    run(driver, 35, 38)
    assert told[0] == VALID
    run(driver, 38, 42)
    assert told == [SILENT, -1, -1, -1]
    assert line.asked[-2:] == [0xE401, 0xE100]
    line.answer = dust(1, 2, 3)
    run(driver, 42, 80)
    assert told == [VALID, 10, 20, 30]


def test_a_particle_sensor_sleeps_between_two_measurements():
    line, told = Dust(), list(pms5003.FRESH)
    driver = pms5003.drive(line, told, 600)
    driver.send(None)
    run(driver, 0, 45)
    assert told == [VALID, 50, 120, 200]
    assert not line.awake and line.asked[-1] == 0xE400
    line.answer = dust(9, 9, 9)
    run(driver, 45, 630)
    assert not line.awake and told[1] == 50
    run(driver, 630, 660)
    assert line.awake and told[:2] == [VALID, 50]
    run(driver, 660, 690)
    assert told == [VALID, 90, 90, 90]


def climate(heat, wet):
    """Six bytes of the climate sensor."""
    data = b""
    for word in (heat, wet):
        pair = bytes((word >> 8, word & 255))
        data += pair + bytes((sht31.crc(pair),))
    return data


class Bus:
    """A bus with the climate sensor, or with nothing."""

    def __init__(self):
        self.asked = []
        self.answer = climate(0x6666, 0x8000)
        self.there = True

    def writeto(self, address, data):
        if not self.there or address != 0x44:
            raise OSError(19)
        self.asked.append(bytes(data))

    def readfrom_into(self, address, buffer):
        if not self.there or address != 0x44:
            raise OSError(19)
        status = b"\x80\x10\xe1" if self.asked[-1] == b"\xf3\x2d" else self.answer
        buffer[:] = status[: len(buffer)]


def test_the_checksum_of_the_climate_sensor_is_that_of_its_data_sheet():
    assert sht31.crc(b"\xbe\xef") == 0x92
    told = list(sht31.FRESH)
    good = climate(0x6666, 0x8000)
    assert sht31.parse(good, told) == VALID
    assert told[1:] == [250, 500]
    for bit in range(48):
        wrong = bytearray(good)
        wrong[bit // 8] ^= 1 << bit % 8
        assert sht31.parse(bytes(wrong), told) == CHECKSUM, bit
    assert sht31.parse(climate(0, 0), told) == RANGE  # -45 degrees are below what it can.
    assert sht31.parse(climate(65535, 65535), told) == RANGE


def test_climate_comes_every_two_seconds_and_goes_after_three_misses():
    bus, told = Bus(), list(sht31.FRESH)
    driver = sht31.drive(bus, told)
    driver.send(None)
    run(driver, 0, 3)
    assert told == [VALID, 250, 500]
    bus.answer = climate(0x6666, 0x9000)[:5] + b"\x00"
    run(driver, 3, 7)
    assert told == [VALID, 250, 500]
    run(driver, 7, 10)
    assert told == [CHECKSUM, 0, -1]
    bus.there = False
    run(driver, 10, 20)
    assert told == [SILENT, 0, -1]
    bus.there, bus.answer = True, climate(0x4000, 0xC000)
    run(driver, 20, 26)
    assert told == [VALID, -12, 750]


class Meter:
    """A converter that tells these volts in turn."""

    def __init__(self, *volts_uv):
        self.volts_uv = volts_uv
        self.at = 0

    def read_uv(self):
        self.at += 1
        return self.volts_uv[self.at % len(self.volts_uv)]


def heard(*levels_db):
    """What is told of ten seconds with these levels."""
    told = list(noise.FRESH)
    driver = noise.drive(Meter(*[level * 20000 for level in levels_db]), told)
    driver.send(None)
    assert told[0] == WARMING
    run(driver, 0, 11)
    return told


def test_noise_is_the_mean_of_the_energy():
    assert heard(55) == [VALID, 550]
    assert heard(130) == [VALID, 1300]
    assert heard(30) == [VALID, 300]
    # Of 50 and 70 dB by halves it is 70 - 10 lg 2 + 0.04 = 67.03 dB.
    assert abs(heard(50, 70)[1] - 670) <= 2
    # One of ten at 90, the others at 40 dB: 80 dB.
    assert abs(heard(*([40] * 9 + [90]))[1] - 800) <= 2
    # One of fifty at 100: 83 dB.
    assert abs(heard(*([40] * 49 + [100]))[1] - 830) <= 3


def test_the_sum_of_noise_stays_small_and_rises_slowly_without_error():
    total, loudest = 0, 0
    for level in range(300, 1301):
        total, loudest = noise.add(total, loudest, level)
        assert total < 1 << 20
    # The sum of 10 ** (-d / 100) from 0 to 1000 is 43.9: 16.4 dB above the loudest, less 30 dB.
    assert abs(noise.mean_ddb(total, 1001, loudest) - (1300 + 164 - 300)) <= 4


def test_a_wire_that_is_off_is_no_silence():
    assert heard(2) == [RANGE, -1]
    assert heard(140) == [RANGE, -1]
    assert heard(55, 2) == [RANGE, -1]


def judged(temperature_dc, permille, cause=VALID, before=VALID):
    return air_chips.judge([VALID, temperature_dc, permille], cause, before)


def test_particles_in_wet_cold_or_hot_air_are_not_believed():
    assert judged(200, 850) == VALID
    assert judged(200, 851) == HUMID
    assert judged(200, 821, before=HUMID) == HUMID
    assert judged(200, 820, before=HUMID) == VALID
    assert judged(-100, 500) == judged(600, 500) == VALID
    assert judged(-101, 500) == judged(601, 500) == TEMPERATURE
    assert judged(200, 900, cause=CHECKSUM) == CHECKSUM
    assert air_chips.judge([SILENT, 0, -1], VALID, VALID) == UNJUDGED


def test_the_chips_of_a_station_fill_its_quantities_or_tell_why_not():
    values = [None] * 7
    bus, line = Bus(), Dust()
    chips = air_chips.watch((bus, line, Meter(1100000)), values, [0, 2, 5, 6], 0)
    chips.send(None)
    assert values == [None] * 6 + [SILENT | WARMING << 4 | WARMING << 8]
    run(chips, 0, 35)
    assert values == [250, 500, 50, 120, 200, 550, VALID]
    bus.answer = climate(0x6666, 0xE000)
    run(chips, 35, 40)
    assert values == [250, 875, None, None, None, 550, HUMID << 4]
    bus.answer = climate(0x6666, 0xD600)  # 83.6 %: not dry enough.
    run(chips, 40, 45)
    assert values == [250, 836, None, None, None, 550, HUMID << 4]
    bus.there = False
    run(chips, 45, 55)
    assert values == [None, None, None, None, None, 550, SILENT | UNJUDGED << 4]


def test_a_station_may_have_some_of_the_chips_only():
    values = [None] * 7
    chips = air_chips.watch((None, Dust(), None), values, [0, 2, 5, 6], 0)
    chips.send(None)
    run(chips, 0, 35)
    assert values == [None] * 6 + [UNJUDGED << 4]


def test_causes_are_numbered_as_on_the_wire():
    names = ("valid", "silent", "checksum", "warming", "range", "humid", "temperature", "unjudged")
    assert names == wire.CAUSE_NAMES
