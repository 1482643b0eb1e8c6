from __future__ import annotations

from typing import Any

from gateway_rig import START_S, Rig
from hypothesis import given
from hypothesis import strategies as st

from controller.devices import FORMER_MAX, LIFE_S_MAX, Override
from protocol import wire


def override(number: int = 1, rank: str = "ordinary", **more: Any) -> Override:
    said: dict[str, Any] = {
        "level_percent": 40, "starts_s": 0.0, "expires_s": 0.0, "ramp_ds": 10,
        "cms_ref_id": f"{rank}:{number}", "origin": "", "cms": "",
    }  # fmt: skip
    return Override(number, rank, **{**said, **more})


@given(
    st.floats(START_S, START_S + 1e9), st.floats(0, 1e8), st.floats(1, 1e8),
    st.sampled_from(wire.RANK_NAMES),
)  # fmt: skip
def test_every_override_fits_a_frame(
    now_s: float, start_in_s: float, life_s: float, rank: str
) -> None:
    starts_s = now_s + start_in_s
    made = override(60000, rank, starts_s=starts_s, expires_s=starts_s + life_s)
    message = made.message(0, now_s)
    wire.encode_into(bytearray(wire.FRAME_SIZE_MAX), message, 0)
    assert 0 < message.life_s <= LIFE_S_MAX


def test_an_override_without_times_begins_at_once_and_has_no_end() -> None:
    message = override().message(2, START_S)
    assert (message.start_day, message.expiry_day, message.life_s) == (0, 0, 0)
    assert (message.channel, message.action, message.level_percent) == (2, wire.SET, 40)


def test_an_override_that_has_begun_starts_at_once() -> None:
    assert override(starts_s=START_S - 1).message(0, START_S).start_day == 0


def test_a_release_names_the_number_and_nothing_else() -> None:
    message = override(7, released=True).message(0, START_S)
    assert (message.action, message.override_id) == (wire.RELEASE, 7)


def test_an_override_is_over_at_its_expiry() -> None:
    made = override(expires_s=START_S)
    assert not made.over(START_S - 0.001)
    assert made.over(START_S)
    assert not override().over(1e12)


def test_former_numbers_are_released_one_by_one_and_are_bounded() -> None:
    last = override(0)
    for number in range(1, 20):
        newer = override(number)
        newer.replaces(last)
        last = newer
    assert len(last.former) == FORMER_MAX
    released = []
    while last.release_next():
        released.append(last.number)
        assert last.released
    assert released == list(range(18, 18 - FORMER_MAX, -1))


@given(st.lists(st.integers(1, 60000), max_size=4), st.lists(st.integers(1, 60000), max_size=8))
def test_a_new_number_is_one_that_no_override_of_the_lamp_has(
    numbers: list[int], former: list[int]
) -> None:
    device = next(iter(Rig(1, 0).gateway.devices.values()))
    for number, rank in zip(numbers, wire.RANK_NAMES, strict=False):
        device.overrides[rank] = override(number, rank, former=tuple(former))
    fresh = device.next_number()
    assert 1 <= fresh <= 60000
    assert fresh not in numbers
    assert fresh not in (former if numbers else [])


def test_a_state_is_told_with_the_override_it_names() -> None:
    device = next(iter(Rig(1, 0).gateway.devices.values()))
    device.overrides["event"] = override(9, "event")
    said = device.said(9)
    assert said is not None
    assert (said.cms_ref_id, said.rank) == ("event:9", "event")
    assert device.said(0) is None
    assert device.said(8) is None
