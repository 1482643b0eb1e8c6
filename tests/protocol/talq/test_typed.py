"""What the fast types accept, the full check accepts too; ordinary bodies are accepted fast."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from talq_examples import examples, minimal

from protocol import talq
from protocol.talq import tables, typed

# Roots that nothing may be by itself, and commands that need somebody to address.
_BARE = {"OverrideCommand", "AssignCommand", "AttributeDaliOccupancyState"}
KINDS = sorted(
    name for name, schema in tables.schemas().items()
    if schema.scalar is None and not schema.discriminator and name not in _BARE
)  # fmt: skip
# Calendars hold a date that is one of several forms, which only the full check knows.
SLOW = {"Calendar"}
ODD: list[Any] = [
    None, True, 0, -1, 1.0, 1e300, "", "a", [], {}, [{}], "2026-11-21 16:20:00Z",
    "2026-11-21T16:20:00+0100", "2026-11-21T16:20:00.Z", "2026-11-21T16:20:60Z", "22:30", "24:00",
    "2026-02-30", "\0", "0D0C6B1E-3D55-4A0F-8F5E-6F1F0A3B9C01",
]  # fmt: skip


@pytest.mark.parametrize(("kind", "body"), examples())
def test_our_own_bodies_take_the_fast_way(kind: str, body: bytes) -> None:
    assert typed.accepts(kind, json.loads(body)) is (kind not in SLOW)


@pytest.mark.parametrize("kind", KINDS)
def test_the_smallest_body_of_every_kind_is_right(kind: str) -> None:
    assert talq.check(kind, minimal(kind)) == []


def _places(value: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    if not isinstance(value, dict | list):
        return [at]
    inner = value.items() if isinstance(value, dict) else enumerate(value)
    return [at, *(place for key, one in inner for place in _places(one, (*at, key)))]


def _put(value: Any, at: tuple[Any, ...], odd: Any) -> Any:
    if not at:
        return odd
    changed = copy.copy(value)
    changed[at[0]] = _put(value[at[0]], at[1:], odd)
    return changed


@settings(max_examples=600)
@given(st.data())
def test_what_the_types_accept_the_check_accepts(data: st.DataObject) -> None:
    bodies = [(kind, json.loads(body)) for kind, body in examples()]
    if data.draw(st.booleans()):
        kind, value = data.draw(st.sampled_from(bodies))
    else:
        kind = data.draw(st.sampled_from(KINDS))
        own = tables.properties(kind)
        names = data.draw(st.lists(st.sampled_from(sorted(own)), max_size=4)) if own else []
        value = minimal(kind, **{name: data.draw(st.sampled_from(ODD)) for name in names})
    place = data.draw(st.sampled_from(_places(value)))
    changed = _put(value, place, data.draw(st.sampled_from(ODD)))
    if typed.accepts(kind, changed):
        assert not [f for f in talq.check(kind, changed) if f.status == 400]


def test_a_no_of_the_types_is_decided_by_the_check() -> None:
    speed = {"type": "AttributeInteger", "value": 3}
    function = {"id": "f", "type": "AcmeFunction", "speed": speed}
    device = minimal("Device", functions=[function])
    assert not typed.accepts("Device", device)
    assert talq.decode("Device", talq.encode(device)) == device


REPORT = next(body for kind, body in examples() if kind == "LogReport")


def test_a_report_is_read_as_structs_with_the_tables_names() -> None:
    made = talq.decode_struct("LogReport", REPORT)
    first = made.entries[0].data
    plain = json.loads(REPORT)["entries"][0]["data"]
    assert (first.eventType, first.srcAddress) == (plain["eventType"], plain["srcAddress"])


def _duplicated(body: bytes) -> bytes:
    return body.replace(b'"address":', b'"address": "x", "address":', 1)


@pytest.mark.parametrize("change", ["duplicate", "vendor", "deep", "escaped"])
def test_what_structs_cannot_hold_is_decided_by_the_check(change: str) -> None:
    body = json.loads(REPORT)
    if change == "duplicate":
        with pytest.raises(talq.TalqError):
            talq.decode_struct("LogReport", _duplicated(REPORT))
        return
    if change == "vendor":
        body["entries"][0]["acme"] = 1
    elif change == "deep":
        body["entries"][0]["data"]["info"] = [{"description": "x", "acme": [[[[{}]]]]}]
    else:
        body["entries"][0]["data"]["srcAddress"] += "\u2603"
    data = json.dumps(body).encode()
    assert talq.decode_struct("LogReport", data) == talq.decode("LogReport", data) == body


def test_no_part_of_a_struct_is_free() -> None:
    """Else a body could nest without end in it."""
    seen: set[str] = set()
    waiting = ["LogReport"]
    while waiting:
        name = waiting.pop()
        if name in seen:
            continue
        seen.add(name)
        for kind in {name, *tables.descendants(name)} if tables.discriminator(name) else {name}:
            for fact in tables.properties(kind).values():
                inner = (fact.of or fact).type.strip("[]")
                assert inner not in ("any", "object"), (kind, fact)
                if inner in tables.schemas():
                    waiting.append(inner)


def test_what_the_types_cannot_judge_no_text_passes() -> None:
    assert not typed.accepts("ccDay", {"type": "ccDay", "days": [], "occurrences": "\0"})
