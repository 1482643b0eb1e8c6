# mypy: ignore-errors
"""The console and the self-test, typed to by hand and by programs."""

import binascii
import io
import json
import struct

from firmware import console, selftest
from firmware.words import ROWS

DONE, REFUSED = 0, 2


def body(kind, **values):
    """A packed row, zeros where nothing is said."""
    layout, *names = ROWS[kind].split(" ")
    kinds = layout.replace("8s", "n").lstrip("<")
    zeros = [bytes(8) if letter == "n" else 0 for letter in kinds]
    for name in values:
        zeros[names.index(name)] = values[name]
    return struct.pack(layout, *zeros)


class Pole:
    """A lamp whose power follows its light, as far as nothing is broken."""

    def __init__(self, **broken):
        self.broken = broken
        self.level = 40
        self.asked = []

    def __call__(self, percent, life_s):
        self.asked.append((percent, life_s))
        if percent != console.NOTHING and self.broken.get("refuses"):
            return REFUSED, self.facts()
        if percent >= 0:
            self.level = percent
        elif percent == console.BACK:
            self.level = 40
        return DONE, self.facts()

    def facts(self):
        power_mw = self.broken.get("power_mw", self.level * 500)
        faults = 2 if self.broken.get("silent") else 0
        state = body(
            4, day=9821, second=66600, quality=2, level_percent=self.level, target_percent=40,
            reason=2, power_mw=power_mw, voltage_dv=2301, lux_dx=-1, faults=faults,
        )  # fmt: skip
        node = body(
            9, day=9821, second=66600, quality=self.broken.get("quality", 2), uptime_ms=65000,
            heap_free_bytes=40000, heap_total_bytes=111000, boot_count=7, reset_cause=1,
        )  # fmt: skip
        wear = body(15, clock_error_s=1, temperature_dc=-9999, drift_ppm=-12)
        return [
            3, 1, 0, 0, 4, state, body(2, boot_count=7), node, wear, bytes((2, 40, 9, 60)),
            self.broken.get("network", 7), self.level * 500, 1,
            "[Errno 111] ECONNREFUSED", self.broken.get("driver"),
        ]  # fmt: skip


def typed(pole, *keys):
    """What the console says to keys, a turn each; it is then left alone until it ends."""
    said, left = [], list(keys)
    for _ in console.run(pole, lambda: left.pop(0) if left else b"", said.append):
        pass
    return "".join(said)


def rows(pole, line):
    return dict(json.loads("".join(console.answer(line.split(), pole, True)))["rows"])


def test_a_person_reads_units_and_a_program_numbers():
    said = typed(Pole(), b"sensors\r")
    assert "power" in said and "20.0 W" in said and "230.1 V" in said and "silent" in said
    found = rows(Pole(), "sensors")
    assert found["power_mw"] == 20000 and found["lux_dx"] is None and found["presence"] == 1


def test_a_driver_that_keeps_no_levels_fails_and_a_board_without_one_says_nothing():
    def checks(**broken):
        lines = "".join(selftest.run(Pole(**broken), console.rows_of, True)).split("\n")
        said = [json.loads(line) for line in lines if line]
        return {row["check"]: row["passed"] for row in said if "check" in row}

    assert "driver" not in checks()
    for ended, passed in ((0, False), (1, True), (2, False)):
        assert checks(driver=[0, 0, 0, 0, 0, 0, -1, ended, -1, 0, 0])["driver"] is passed


class Flash:
    """Stands for os and open of the console: files of events by their names."""

    def __init__(self, **files):
        self.files = {name[1:]: content for name, content in files.items()}

    def listdir(self, _):
        return list(self.files) + ["lost+found"]  # MicroPython has no other way

    def stat(self, path):
        return [0] * 6 + [len(self.open(path).read())]

    def open(self, path, mode="rb"):
        return io.BytesIO(self.files[path.split("/")[-1]])


def test_of_the_log_a_torn_and_a_spoilt_event_are_left_out():
    def event(number):
        record = struct.pack(
            console._RECORD, 1, 7, number, 0, 1, 2, 9821, number, 0, 65000, number
        )
        return record + struct.pack("<I", binascii.crc32(record))

    events = [event(number) for number in range(6)]
    spoilt = bytearray(events[1])
    spoilt[-6] ^= 1  # One bit of its value.
    whole = console.os
    flash = Flash(
        _12=events[0] + bytes(spoilt) + events[2], _3=events[3], _13=events[4] + events[5][:-1]
    )
    console.os, console.open = flash, flash.open
    try:
        said = json.loads("".join(console.answer(["log", "9"], Pole(), True)))["rows"]
    finally:
        console.os = whole
        del console.open
    assert [int(what.split(" ")[-1]) for _, what in said] == [3, 0, 2, 4], said


def test_the_status_has_time_versions_and_boots():
    found = rows(Pole(), "status")
    assert found["time"] == "2026-11-21T18:30:00Z" and found["time_quality"] == "synchronised"
    assert (found["firmware_version"], found["boots"], found["drift_ppm"]) == (3, 7, -12)
    assert found["configuration_digest"] == "00" * 8 and found["joined"] == 1


def test_civil_dates_are_those_of_the_calendar():
    for day, date in (
        (0, "2000-01-01"),
        (59, "2000-02-29"),
        (366, "2001-01-01"),
        (8825, "2024-02-29"),
        (36524, "2099-12-31"),
        (36525, "2100-01-01"),
    ):
        assert console.time_of(day, 0, 2) == date + "T00:00:00Z"
    assert console.time_of(0, 0, 0) == ""


def test_why_names_the_rules_weakest_first():
    found = json.loads("".join(console.answer(["why"], Pole(), True)))["rows"]
    assert found[:2] == [["program", 40], ["near", 60]]


def test_light_by_hand_has_an_end_and_bounds():
    pole = Pole()
    assert rows(pole, "dim 70")["by_hand"] == "done"
    assert pole.asked[-1] == (70, 600)
    rows(pole, "dim 20 60")
    assert pole.asked[-1] == (20, 3600)
    rows(pole, "auto")
    assert pole.asked[-1][0] == console.BACK
    for line in ("dim", "dim x", "dim 101", "dim 5 0", "dim 5 61", "dim -3", "dim 1 2 3", "fly"):
        assert typed(pole, line.encode() + b"\n").find("\n? ") > 0, line
    assert pole.asked[-1][0] == console.BACK


def test_keys_are_echoed_mended_and_bounded():
    said = typed(Pole(), b"stq\x7f", b"\x08\x08atus", b"\x00\xff\x1b\r\n", b"\r")
    assert "node id" not in said and "? atus" in said
    said = typed(Pole(), b"a" * 300 + b"\r", b"help\r")
    assert "at most 80 characters" in said and "selftest" in said
    assert said.count("a" * 81) == 0


def test_any_bytes_leave_the_console_alive():
    seed, noise = 12345, bytearray()
    for _ in range(4000):
        seed = (seed * 75 + 74) % 65537
        noise.append(seed & 0xFF)
    said = typed(Pole(), *[bytes(noise[at : at + 97]) for at in range(0, 4000, 97)],
                 b"\rwhy --json\r")  # fmt: skip
    assert '"command": "why"' in said


def test_facts_of_another_version_are_an_error_and_not_the_end():
    pole = Pole()
    facts = pole.facts
    pole.facts = lambda: facts()[:5] + [b"short"] + facts()[6:]
    said = typed(pole, b"sensors\r", b"help\r")
    assert "\n? " in said and "selftest" in said


def test_an_answer_comes_in_pieces_and_what_is_typed_meanwhile_waits():
    pieces = list(console.answer(["status"], Pole(), True))
    assert max(len(piece) for piece in pieces) < 100
    turns, said, left = [], [], [b"status --json\r", b"auto --json\r"]

    def read():
        turns.append(len(said))
        return left.pop(0) if left else b""

    for _ in console.run(Pole(), read, said.append):
        pass
    lines = [line for line in "".join(said).split("\n") if line[:1] == "{"]
    assert [json.loads(line)["command"] for line in lines] == ["status", "auto"]
    assert "".join(said[: turns[1]]).endswith("]}\n"), "it read before it had answered"


def test_lines_that_come_at_once_are_answered_one_after_the_other():
    pole = Pole()
    said = typed(pole, b"status --json\rwhy --json\rdim 30\rfly\rhelp\rau", b"to\r")
    lines = [line for line in said.split("\n") if line[:1] == "{"]
    assert [json.loads(line)["command"] for line in lines] == ["status", "why"]
    assert said.index("by hand") < said.index("? fly") < said.index("selftest")
    assert said.count("  by hand  ") == 2 and pole.asked[-1][0] == console.BACK


def test_who_pulls_the_plug_ends_the_console():
    turns = list(console.run(Pole(), lambda: None, lambda text: None))
    assert turns == [True, False]


def tested(pole):
    """The checks by name, and the verdict."""
    found, verdict = {}, None
    for text in selftest.run(pole, console.rows_of, True):
        if text:
            said = json.loads(text)
            if "check" in said:
                found[said["check"]] = said["passed"]
            else:
                verdict = said
    return found, verdict


def test_a_good_pole_passes_and_its_plan_goes_on():
    pole = Pole()
    found, verdict = tested(pole)
    assert verdict["passed"] and verdict["failed"] == []
    assert found["meter"] and found["light"] and found["network"] and found["clock"]
    assert pole.asked[-1][0] in (console.NOTHING, console.BACK) and pole.level == 40


def test_each_broken_part_fails_its_own_check():
    for broken, check in (
        ({"silent": 1}, "meter"), ({"power_mw": 100}, "light"), ({"power_mw": 30000}, "light"),
        ({"refuses": 1}, "light"), ({"network": 3}, "network"), ({"network": 1}, "network"),
        ({"network": 0}, "network"), ({"quality": 0}, "clock"),
    ):  # fmt: skip
        found, verdict = tested(Pole(**broken))
        assert found[check] is False and verdict["failed"] == [check], (broken, found)


def test_a_self_test_that_is_cut_gives_the_light_back():
    pole = Pole()
    test = selftest.run(pole, console.rows_of)
    for _ in range(5):
        next(test)
    test.close()
    assert pole.level == 40
