"""Which node is told what, and when it is told again."""

from __future__ import annotations

from collections.abc import Iterator

from hypothesis import given
from hypothesis import strategies as st

from controller.inputs import AGAIN_S, REPEAT_S, VALID_S, Inputs, Trigger
from controller.sources import Source
from protocol import schedule, wire

OFF, ON, UNKNOWN = schedule.OFF, schedule.ON, schedule.UNKNOWN
PRESENCE = Source("b", "presence", "presenceStatus")
LIGHT = Source("b", "light", "lightLevel", levels=(20, 40))
COUNTER = Source(external="counter")


class Desk:
    """Inputs, the values they know, and what each lamp was told last."""

    def __init__(self) -> None:
        self.values: dict[tuple[str, str, str], object] = {}
        self.inputs = Inputs(lambda *place: self.values.get(place))
        self.now_s = 1000.0

    def report(self, function: str, name: str, value: object, device: str = "b") -> None:
        self.values[device, function, name] = value
        self.inputs.take(device)

    def told(self, gone_s: float = 0.0) -> dict[str, list[int]]:
        """States by lamp, as they are told after some time."""
        return {lamp: [m.state for m in rows] for lamp, rows in self.messages(gone_s)}

    def messages(self, gone_s: float = 0.0) -> Iterator[tuple[str, list[wire.Input]]]:
        self.now_s += gone_s
        return self.inputs.due(self.now_s)

    def rest(self) -> None:
        """Let the second telling pass."""
        self.told()
        self.told(AGAIN_S)


def test_a_lamp_is_told_all_its_inputs_when_it_begins_to_listen() -> None:
    desk = Desk()
    desk.report("presence", "presenceStatus", True)
    desk.inputs.follow("a", (COUNTER, PRESENCE, LIGHT))
    assert desk.told() == {"a": [OFF, ON, UNKNOWN]}
    assert desk.told() == {}


def test_a_change_is_told_at_once_and_once_more_to_those_who_listen() -> None:
    desk = Desk()
    desk.inputs.follow("a", (PRESENCE,))
    desk.inputs.follow("c", (COUNTER,))
    desk.rest()
    desk.report("presence", "presenceStatus", True)
    assert desk.told() == {"a": [ON]}
    assert desk.told(AGAIN_S) == {"a": [ON]}
    assert desk.told(AGAIN_S) == {}
    desk.report("presence", "presenceStatus", True)
    assert desk.told() == {}, "no news"


def test_what_is_known_is_said_again_before_it_runs_out() -> None:
    desk = Desk()
    desk.report("presence", "presenceStatus", False)
    desk.inputs.follow("a", (PRESENCE,))
    desk.rest()
    at_s = desk.now_s
    heard = [desk.now_s for _ in range(200) if desk.told(10)]
    assert len(heard) >= 8
    assert max(b - a for a, b in zip([at_s, *heard], heard, strict=False)) < VALID_S / 2
    assert REPEAT_S < VALID_S / 2


def test_what_is_unknown_is_said_once_and_no_more() -> None:
    desk = Desk()
    desk.report("presence", "presenceStatus", True)
    desk.inputs.follow("a", (PRESENCE,))
    desk.rest()
    desk.report("node", "contact", "silent")
    assert desk.told() == {"a": [UNKNOWN]}
    assert desk.told(AGAIN_S) == {"a": []}
    desk.report("node", "contact", "ok")
    assert desk.told() == {"a": [ON]}


def test_c4_a_sensor_period_has_hysteresis() -> None:
    desk = Desk()
    desk.inputs.follow("a", (LIGHT,))
    found = []
    for lux in (30, 41, 40, 20, 19.9, 20, 40, 40.1):
        desk.report("light", "lightLevel", lux)
        desk.told()
        found.append(desk.inputs._states[LIGHT])
    assert found == [ON, OFF, OFF, OFF, ON, ON, ON, OFF]


def test_a_changed_program_keeps_what_its_sensors_were() -> None:
    desk = Desk()
    desk.inputs.follow("a", (LIGHT,))
    for lux in (50, 30):
        desk.report("light", "lightLevel", lux)
    desk.inputs.follow("a", (COUNTER, LIGHT))
    assert desk.told() == {"a": [OFF, OFF]}


def test_c6_an_external_command_lasts_until_it_ends() -> None:
    desk = Desk()
    desk.inputs.follow("a", (COUNTER,))
    desk.rest()
    desk.inputs.trigger("counter", Trigger(35, 2, 3, desk.now_s + 50, desk.now_s + 100))
    assert desk.told() == {"a": [OFF]}, "the level is new, but it has not begun"
    ((_, (message,)),) = desk.messages(50)
    assert (message.state, message.level_percent) == (ON, 35)
    assert (message.ramp_s, message.ramp_from_s) == (2, 3)
    assert desk.told(50) == {"a": [OFF]}


def test_c6_another_level_of_an_external_sensor_is_told() -> None:
    desk = Desk()
    desk.inputs.follow("a", (COUNTER,))
    desk.inputs.trigger("counter", Trigger(35))
    desk.rest()
    desk.inputs.trigger("counter", Trigger(55))
    ((_, (message,)),) = desk.messages()
    assert (message.state, message.level_percent) == (ON, 55)
    desk.inputs.trigger("counter", None)
    assert desk.told() == {"a": [OFF]}


def test_a_lamp_that_listens_to_nothing_is_told_nothing() -> None:
    desk = Desk()
    desk.inputs.follow("a", (COUNTER,))
    assert desk.inputs.names("counter")
    desk.inputs.follow("a", ())
    assert not desk.inputs.names("counter")
    assert desk.told(2 * REPEAT_S) == {}
    desk.inputs.renew("a")
    assert desk.told() == {}


@given(
    st.lists(
        st.tuples(
            st.sampled_from("ac"),
            st.lists(st.sampled_from((PRESENCE, LIGHT, COUNTER)), unique=True),
            st.sampled_from((None, True, False)),
            st.sampled_from((None, 10, 30, 50)),
            st.booleans(),
        ),
        max_size=12,
    )
)
def test_who_listens_last_hears_what_is_true(
    turns: list[tuple[str, list[Source], bool | None, int | None, bool]],
) -> None:
    desk = Desk()
    heard: dict[str, dict[int, int]] = {}
    wanted: dict[str, list[Source]] = {}
    lit, before = UNKNOWN, None
    for lamp, sources, present, lux, active in turns:
        listened = any(LIGHT in rows for rows in wanted.values())
        wanted[lamp] = sources
        desk.inputs.follow(lamp, sources)
        desk.report("presence", "presenceStatus", present)
        desk.report("light", "lightLevel", lux)
        if any(LIGHT in rows for rows in wanted.values()):
            # Who begins to listen starts from what was reported last.
            lit = _lit(lux, lit if listened else _lit(before, UNKNOWN))
        before = lux
        desk.inputs.trigger("counter", Trigger(5) if active else None)
        for name, messages in desk.messages(1):  # What is unknown is said once, not each time.
            heard.setdefault(name, {}).update({m.number: m.state for m in messages})
    if turns:
        true = {
            PRESENCE: UNKNOWN if present is None else int(present),
            COUNTER: int(active), LIGHT: lit,
        }  # fmt: skip
        for lamp, sources in wanted.items():
            if sources:
                assert [heard[lamp][n] for n in range(len(sources))] == [true[s] for s in sources]


def _lit(lux: int | None, before: int) -> int:
    """Dark below 20, bright above 40, in between as before and dark at first."""
    if lux is None:
        return UNKNOWN
    if 20 <= lux <= 40:
        return ON if before == UNKNOWN else before
    return ON if lux < 20 else OFF
