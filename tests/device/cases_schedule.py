# mypy: ignore-errors
"""What streets do, by the vectors; days, zones and the sun at the edges."""

import json

from protocol import schedule
from protocol.schedule.reasons import REASON_NAMES

ROOT = __file__.rsplit("/tests/", 1)[0]
with open(ROOT + "/protocol/schedule/vectors/nights.json") as vectors_file:
    NIGHTS = json.load(vectors_file)["nights"]
# Sunrise, sunset and kind as CPython works them out.
SUNS = [(4542, 33484, 0), (40737, 77743, 0), (-5689, 27805, 0), (21570, 65219, 0)]


def evaluator_of(night):
    """The evaluator of a night's table, place and zone."""
    inputs = schedule.Inputs()
    inputs.lux_dx = night["lux_dx"]
    for number, state, level in night["told"]:
        inputs.tell(number, state, 1, (level, 0, 0))
    return schedule.Evaluator(
        bytes.fromhex(night["table"]), night["lat_e5"], night["lon_e5"],
        schedule.Zone.from_bytes(bytes.fromhex(night["zone"])), inputs,
    )  # fmt: skip


def said(evaluator, row):
    """(level, reason, ramp) at a vector's instant."""
    decision = evaluator.at(row[0], row[1], row[2], schedule.Decision())
    return decision.level_percent, REASON_NAMES[decision.reason], decision.ramp_s


def refused(function, *arguments):
    """The reason for which bytes are refused; "" when they are not."""
    try:
        function(*arguments)
    except schedule.ScheduleError as error:
        return error.reason
    return ""


def test_every_vector_in_the_order_of_the_night():
    for night in NIGHTS:
        evaluator = evaluator_of(night)
        for row in night["instants"]:
            assert said(evaluator, row) == (row[3], row[4], row[5]), (night["name"], row)


def test_every_vector_backwards_with_one_evaluator():
    for night in NIGHTS:
        evaluator = evaluator_of(night)
        for row in reversed(night["instants"]):
            assert said(evaluator, row) == (row[3], row[4], row[5]), (night["name"], row)


def test_every_cut_of_a_table_is_refused():
    for night in NIGHTS:
        table = bytes.fromhex(night["table"])
        for size in range(1, len(table)):
            reason = refused(schedule.Evaluator, table[:size], 0, 0, schedule.Zone.from_bytes(b""))
            assert reason == "truncated", (night["name"], size, reason)


def test_a_table_that_is_none_is_refused_with_its_reason():
    zone = schedule.Zone.from_bytes(b"")
    for data, reason in (
        ("01010000", "version"), ("0200000000", "size"), ("02000000", "reference"),
        ("0201000001000000000000006500000000", "level"),
        ("0201000001000000805101000a00000000", "order"),
        ("0201000001000000000000000a0000ffff", "ramp"),
    ):  # fmt: skip
        found = refused(schedule.Evaluator, bytes.fromhex(data), 0, 0, zone)
        assert found == reason, (data, found)
    assert refused(schedule.Evaluator, bytes(2049), 0, 0, zone) == "size"


def test_days_go_round_over_four_centuries():
    for day in range(-1000, 146097, 37):
        year, month, date = schedule.date_of(day)
        assert schedule.day_of(year, month, date) == day
    assert schedule.date_of(0) == (2000, 1, 1)
    assert schedule.weekday(0) == 6


def test_the_zone_of_brussels_changes_at_one_in_universal_time():
    night = next(n for n in NIGHTS if n["name"].endswith("loses an hour"))
    zone = schedule.Zone.from_bytes(bytes.fromhex(night["zone"]))
    day = schedule.day_of(2026, 3, 29)
    assert zone.offset_min(day, 3599) == 60
    assert zone.offset_min(day, 3600) == 120
    assert zone.utc_second(day, 9000) == 3600
    day = schedule.day_of(2026, 10, 25)
    assert zone.offset_min(day, 3599) == 120
    assert zone.offset_min(day, 3600) == 60
    assert zone.utc_second(day, 9000) == 1800


def test_zones_that_are_none_are_refused():
    for data, reason in (
        ("02003c", "version"), ("0100", "length"), ("017fff", "offset"),
        ("01003c00780d05070078" + "0a05070078", "rule"),
    ):  # fmt: skip
        assert refused(schedule.Zone.from_bytes, bytes.fromhex(data)) == reason, data


def test_the_sun_of_uccle_on_midsummer_is_that_of_the_almanac():
    rise, fall, kind = schedule.sun_times(schedule.day_of(2026, 6, 21), 5080000, 436000)
    assert kind == schedule.NORMAL
    assert abs(rise - (3 * 3600 + 29 * 60)) < 90
    assert abs(fall - 20 * 3600) < 90


def test_the_sun_is_the_same_number_in_both_interpreters():
    # Integers alone: no interpreter may differ by a second.
    found = [
        schedule.sun_times(day, lat_e5, lat_e5 * 2)
        for day, lat_e5 in ((9132, 5084650), (10000, -3387000), (12345, 6500000), (14975, 0))
    ]
    assert found == SUNS, found


def test_polar_day_and_night_are_told_apart():
    assert schedule.sun_times(schedule.day_of(2026, 6, 21), 7000000, 0)[2] == schedule.POLAR_DAY
    assert schedule.sun_times(schedule.day_of(2026, 12, 21), 7000000, 0)[2] == schedule.POLAR_NIGHT
