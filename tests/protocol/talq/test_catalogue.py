"""Resources are added, replaced and removed all or nothing, with their references judged."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from talq_examples import minimal

from protocol import talq

DEVICES = {"d1", "d2"}


def fresh(**limits: int) -> talq.Catalogue:
    others = talq.Others(
        lambda resource, address: resource == "devices" and address.split("/")[0] in DEVICES,
        lambda resource, address: [("devices", "d1")] if address == "used" else [],
    )
    return talq.Catalogue(others, {name.replace("_", "-"): n for name, n in limits.items()})


def group(address: str, *members: tuple[str, str]) -> dict[str, Any]:
    rows = [{"resource": resource, "address": name} for resource, name in members]
    return {"address": address, "ownerCMS": "c", "members": rows}


def lamp_type(address: str) -> dict[str, Any]:
    body: dict[str, Any] = minimal("LampType", address=address)
    return body


def refused(status: int, key: str, work: Any, *words: Any) -> talq.TalqError:
    with pytest.raises(talq.TalqError) as found:
        work(*words)
    assert (found.value.status, found.value.key) == (status, key)
    return found.value


def test_t9_one_bad_element_rejects_the_whole_list() -> None:
    catalogue = fresh()
    catalogue.add("lamp-types", [lamp_type("a")])
    new = [lamp_type("b"), lamp_type("a")]
    refused(409, "resourceConflict", catalogue.add, "lamp-types", new)
    refused(422, "resourceConflict", catalogue.add, "lamp-types", [lamp_type("c")] * 2)
    gone = [lamp_type("a"), lamp_type("z")]
    refused(404, "resourceNotFound", catalogue.replace, "lamp-types", gone)
    assert list(catalogue.tables["lamp-types"]) == ["a"]


def test_d8_what_is_referred_to_stays() -> None:
    catalogue = fresh()
    catalogue.add("control-programs", [minimal("ControlProgramOne", id="p")])
    catalogue.add("calendars", [{"id": "c", "ownerCMS": "x", "defaultProgram": "p"}])
    catalogue.add("lamp-types", [lamp_type("used")])
    error = refused(422, "deletingResourceIsReferred", catalogue.remove, "control-programs", "p")
    assert error.faults[0].references == (("calendars", "c"),)
    refused(422, "deletingResourceIsReferred", catalogue.remove, "lamp-types", "used")
    catalogue.remove("calendars", "c")
    body, changes = catalogue.remove("control-programs", "p")
    assert body["id"] == "p"
    assert changes == [talq.Change("control-programs", "p", None)]


def test_d9_what_is_named_must_be_here() -> None:
    catalogue = fresh()
    calendar = {"id": "c", "ownerCMS": "x", "rules": [{"program": "no"}]}
    error = refused(422, "relatedResourceNotFound", catalogue.add, "calendars", [calendar])
    assert error.faults[0].references == (("control-programs", "no"),)
    stranger = group("g", ("devices", "d3"))
    refused(422, "relatedResourceNotFound", catalogue.add, "groups", [stranger])
    catalogue.add("groups", [group("g", ("devices", "d1/lamp/level"))])


def test_g1_groups_nest_and_circles_are_refused() -> None:
    catalogue = fresh()
    catalogue.add("groups", [group("in", ("devices", "d1")), group("out", ("groups", "in"))])
    found = talq.members(catalogue.tables["groups"], "out")
    assert found == [("devices", "d1")]
    around = [group("in", ("groups", "out"))]
    refused(422, "resourceConflict", catalogue.replace, "groups", around)
    refused(422, "resourceConflict", catalogue.add, "groups", [group("me", ("groups", "me"))])
    assert catalogue.get("groups", "in")["members"] == group("in", ("devices", "d1"))["members"]


def test_c13_announced_limits_are_kept() -> None:
    catalogue = fresh(lamp_types=2)
    catalogue.add("lamp-types", [lamp_type("a")])
    both = [lamp_type("b"), lamp_type("c")]
    refused(422, "serviceConstraintExceeded", catalogue.add, "lamp-types", both)
    catalogue.add("lamp-types", [lamp_type("b")])


@given(st.lists(st.tuples(st.integers(0, 7), st.integers(0, 7)), max_size=24))
def test_members_of_any_graph_are_found_once(edges: list[tuple[int, int]]) -> None:
    groups = {
        str(n): group(
            str(n), ("devices", f"x{n}"), *(("groups", str(b)) for a, b in edges if a == n)
        )
        for n in range(8)
    }
    reached, waiting = {0}, [0]
    while waiting:
        here = waiting.pop()
        new = {b for a, b in edges if a == here} - reached
        reached |= new
        waiting += new
    found = talq.members(groups, "0")
    assert sorted(found) == sorted(("devices", f"x{n}") for n in reached)


class Kept(RuleBasedStateMachine):
    """Whatever is asked, nothing ever refers to what is not there, and no group holds itself."""

    def __init__(self) -> None:
        super().__init__()
        self.catalogue = fresh()

    names = st.sampled_from(["a", "b", "c", "d"])

    @rule(
        data=st.lists(st.tuples(names, st.lists(names, max_size=3)), max_size=3), new=st.booleans()
    )
    def put(self, data: list[tuple[str, list[str]]], new: bool) -> None:
        before = dict(self.catalogue.tables["groups"])
        bodies = [group(name, *(("groups", inner) for inner in inside)) for name, inside in data]
        work = self.catalogue.add if new else self.catalogue.replace
        try:
            work("groups", bodies)
        except talq.TalqError:
            assert self.catalogue.tables["groups"] == before

    @rule(name=names)
    def remove(self, name: str) -> None:
        try:
            self.catalogue.remove("groups", name)
        except talq.TalqError as error:
            if error.status not in (404, 422):
                raise

    @invariant()
    def sound(self) -> None:
        groups = self.catalogue.tables["groups"]
        inner = {n: [m["address"] for m in body["members"]] for n, body in groups.items()}
        assert all(one in groups for found in inner.values() for one in found)
        for name in groups:
            reached: set[str] = set()
            waiting = list(inner[name])
            while waiting:
                one = waiting.pop()
                if one not in reached:
                    reached.add(one)
                    waiting += inner[one]
            assert name not in reached


TestKept = Kept.TestCase
