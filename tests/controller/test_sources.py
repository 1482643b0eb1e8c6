"""Sources: what their values mean, and their numbers."""

from __future__ import annotations

import pytest

from controller.sources import INPUTS_MAX, NotForNodesError, Numbering, Source, scalar
from protocol import schedule
from protocol.schedule.planning import OWN

OFF, ON, UNKNOWN = schedule.OFF, schedule.ON, schedule.UNKNOWN
LEVEL = {"name": "LevelState", "value": 20}


@pytest.mark.parametrize(
    ("value", "plain"),
    [
        (True, True), (3, 3.0), ("x", "x"), (None, None), (LEVEL, 20.0), ([1], None),
        ({"state": LEVEL, "reason": "program"}, 20.0), ({"name": "TextState", "text": "x"}, None),
    ],
)  # fmt: skip
def test_a_plain_value_is_found_in_states_and_commands(value: object, plain: object) -> None:
    assert scalar(value) == plain
    assert type(scalar(value)) is type(plain)


@pytest.mark.parametrize(
    ("value", "state"),
    [
        (True, ON), (False, OFF), (0, OFF), (2.5, ON), ("ON", ON), ("OFF", OFF),
        ("Occupied", ON), ("Vacant", OFF), ("Unknown", UNKNOWN), (None, UNKNOWN),
    ],
)  # fmt: skip
def test_a_sensor_is_on_as_its_value_says(value: object, state: int) -> None:
    for before in (OFF, ON, UNKNOWN):
        assert Source("d", "f", "a").state(value, before) == state


@pytest.mark.parametrize(
    ("value", "before", "state"),
    [
        (19, OFF, ON), (20, OFF, OFF), (20, ON, ON), (30, UNKNOWN, ON), (40, ON, ON),
        (41, ON, OFF), ("ON", OFF, ON), ("OFF", ON, OFF), (False, ON, OFF), (None, ON, UNKNOWN),
    ],
)  # fmt: skip
def test_c4_light_has_hysteresis_and_a_photocell_has_two_states(
    value: object, before: int, state: int
) -> None:
    assert Source("d", "f", "a", levels=(20, 40)).state(value, before) == state


@pytest.mark.parametrize(
    ("operator", "below", "equal", "above"),
    [
        ("EQ", OFF, ON, OFF), ("NE", ON, OFF, ON), ("GE", OFF, ON, ON), ("GT", OFF, OFF, ON),
        ("LE", ON, ON, OFF), ("LT", ON, OFF, OFF),
    ],
)  # fmt: skip
def test_c4_a_value_is_compared_to_a_state(
    operator: str, below: int, equal: int, above: int
) -> None:
    source = Source("d", "f", "a", operator=operator, wanted=20.0)
    assert [source.state(value, OFF) for value in (19, LEVEL, 21)] == [below, equal, above]


def test_c4_what_has_no_order_is_unknown_and_no_error() -> None:
    assert Source("d", "f", "a", operator="GT", wanted=20.0).state("x", ON) == UNKNOWN
    assert Source("d", "f", "a", operator="LT", wanted="y").state("x", ON) == UNKNOWN
    assert Source("d", "f", "a", operator="EQ", wanted="y").state("y", ON) == ON
    assert Source("d", "f", "a", operator="NE", wanted=True).state(False, OFF) == ON


def test_the_same_source_has_one_number() -> None:
    inputs = Numbering("here")
    said = {"sensorAddresses": ["x", "y/presence"]}
    assert inputs.presence("w", said) == [0, 1]
    assert inputs.presence("w", {"sensorAddresses": ["y", "here"]}) == [1, OWN]
    assert inputs.presence("w", {}) == [OWN]
    assert [source.device for source in inputs.sources] == ["x", "y"]


def test_more_than_two_sensors_of_one_row_are_refused() -> None:
    with pytest.raises(NotForNodesError, match="two"):
        Numbering().presence("w", {"sensorAddresses": ["x", "y", "z"]})


def test_c13_the_last_input_is_taken_and_one_more_refused() -> None:
    inputs = Numbering()
    for number in range(INPUTS_MAX):
        inputs.external("w", {"sensorAddresses": [f"s{number}"]})
    with pytest.raises(NotForNodesError):
        inputs.external("w", {"sensorAddresses": ["more"]})
