from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cms import commands
from cms.assets import Device
from cms.commands import ACKNOWLEDGED, ASKED, SEEN, SENT

BODY: dict[str, Any] = {"id": "7", "rank": "ordinary", "level_percent": 40}
OURS, OTHER = "ordinary:7", "event:8"


def device(**values: Any) -> Device:
    """A device by its newest values; `__` stands for the dot."""
    newest = {name.replace("__", "."): [value, 1000] for name, value in values.items()}
    return Device("address", "gateway", "L-1", newest)


def command(ref: str | None, level: int = 40) -> dict[str, Any]:
    return {"level": level, "reason": "override", "ref": ref}


def test_a_lamp_whose_target_names_the_override_has_acknowledged_it() -> None:
    found = device(lamp__targetLightCommand=command(OURS))
    assert commands.stage_of(SENT, BODY, found, 40.0) == ACKNOWLEDGED


def test_it_is_seen_when_effect_and_light_agree() -> None:
    both = {"lamp__targetLightCommand": command(OURS), "lamp__feedbackLightCommand": command(OURS)}
    assert commands.stage_of(SENT, BODY, device(**both), 43.9) == SEEN
    assert commands.stage_of(SENT, BODY, device(**both), 44.1) == ACKNOWLEDGED
    assert commands.stage_of(SENT, BODY, device(**both), None) == ACKNOWLEDGED
    half = both | {"lamp__feedbackLightCommand": command(OTHER)}
    assert commands.stage_of(SENT, BODY, device(**half), 40.0) == ACKNOWLEDGED


@given(
    st.sampled_from([ASKED, SENT, ACKNOWLEDGED, SEEN]),
    st.sampled_from([None, OTHER, "ordinary:77", ""]),
    st.none() | st.floats(0, 100),
)
def test_a_stage_is_reached_only_by_what_came_back(
    stage: int, ref: str | None, light: float | None
) -> None:
    """Neither time nor light nor another command moves it."""
    told = device(lamp__targetLightCommand=command(ref), lamp__feedbackLightCommand=command(ref))
    assert commands.stage_of(stage, BODY, told, light) == stage
    assert commands.stage_of(stage, BODY, device(), light) == stage


@given(
    st.lists(
        st.tuples(
            st.sampled_from([None, OURS, OTHER]), st.sampled_from([None, OURS, OTHER]),
            st.none() | st.floats(0, 100),
        )
    )
)  # fmt: skip
def test_a_stage_never_goes_back(
    told: list[tuple[str | None, str | None, float | None]],
) -> None:
    stage = SENT
    for target, effect, light in told:
        found = device(
            lamp__targetLightCommand=command(target), lamp__feedbackLightCommand=command(effect)
        )
        after = commands.stage_of(stage, BODY, found, light)
        assert after >= stage
        if after > stage:
            assert target == OURS
        if after == SEEN and stage < SEEN:
            assert effect == OURS
            assert light is not None
            assert abs(light - 40) <= commands.LIGHT_ERROR_PERCENT
        stage = after


@pytest.mark.parametrize(
    ("ref", "override_id"),
    [("ordinary:7", "7"), ("emergency:a:b", "a:b"), ("other:7", None), ("ordinary:", None),
     ("", None), (None, None), (5, None)],
)  # fmt: skip
def test_a_reference_names_an_override_of_ours_or_none(
    ref: object, override_id: str | None
) -> None:
    assert commands.override_of(ref) == override_id


@pytest.mark.parametrize("rank", commands.RANKS)
def test_a_reference_is_read_back(rank: str) -> None:
    assert commands.override_of(commands.reference(rank, "abc")) == "abc"


def test_what_keeps_a_lamp_is_silence_then_rank_then_failure() -> None:
    silent = device(node__contact="silent", node__overrideRank="event")
    assert commands.why(SENT, BODY, silent) == "silent"
    ranked = device(node__overrideRank="event")
    assert commands.why(SENT, BODY, ranked) == "outranked"
    assert commands.why(SENT, BODY | {"rank": "emergency"}, ranked) is None
    failed = device()
    failed.faults = ["lamp_failure"]
    assert commands.why(SENT, BODY, failed) == "lamp_failure"
    assert commands.why(SEEN, BODY, silent) is None
    assert commands.why(SENT, BODY, device()) is None


@given(st.lists(st.integers(ASKED, SEEN)), st.integers(0, 100), st.integers(0, 100))
def test_an_override_is_active_once_a_lamp_follows_and_ends_at_its_time(
    stages: list[int], now_ms: int, expires_ms: int
) -> None:
    for state in commands.LIVING:
        found = commands.override_state(state, [(s, None) for s in stages], now_ms, expires_ms)
        if now_ms >= expires_ms:
            assert found == "expired"
        else:
            assert found == ("active" if max(stages, default=0) >= ACKNOWLEDGED else "pending")
    for state in ("released", "expired", "refused"):
        assert commands.override_state(state, [], now_ms, expires_ms) == state


def test_an_override_is_over_when_a_newer_one_has_all_its_lamps() -> None:
    both = [(SEEN, commands.REPLACED), (ACKNOWLEDGED, commands.REPLACED)]
    assert commands.override_state("active", both, 0, 9) == "released"
    assert commands.override_state("active", [*both, (SEEN, None)], 0, 9) == "active"


@given(st.lists(st.integers(ASKED, SEEN)))
def test_counts_say_how_many_have_come_at_least_so_far(stages: list[int]) -> None:
    found = commands.counts(stages)
    assert list(found) == list(commands.STAGES)
    assert found["asked"] == len(stages)
    assert list(found.values()) == sorted(found.values(), reverse=True)
    assert found["seen"] == stages.count(SEEN)


def test_a_calendar_is_stored_when_the_node_holds_the_wanted_table() -> None:
    values = {"lamp__calendarID": "year", "node__scheduleDigest": "aa",
              "node__scheduleDigestWanted": "aa"}  # fmt: skip
    assert commands.stored(device(**values), "year", 1000)
    assert not commands.stored(device(**values), "year", 1001)  # Told before it was asked.
    assert not commands.stored(device(**values), "other", 1000)
    assert not commands.stored(device(**values | {"node__scheduleDigest": "bb"}), "year", 0)
    assert not commands.stored(device(lamp__calendarID="year"), "year", 0)


@pytest.mark.parametrize(
    ("stages", "failed", "state"),
    [([2, 2], 0, "done"), ([3], 0, "done"), ([2, 1], 0, "pending"), ([2, 1], 1, "partly"),
     ([1, 1], 2, "partly"), ([1, 1], 1, "pending")],
)  # fmt: skip
def test_an_assignment_is_done_partly_or_pending(
    stages: list[int], failed: int, state: str
) -> None:
    assert commands.assignment_state(stages, failed) == state
