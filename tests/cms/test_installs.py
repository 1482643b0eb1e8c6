"""What crews paired is judged: every pole once, and nothing odd is called heard."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from cms import installs
from cms.installs import Pairing, judged, standing

PLANNED = {"L-1": "02aa00000001", "L-2": "02aa00000002", "L-3": "02aa00000003"}


def pairing(number: int, node: str, pole: str, at_ms: int) -> Pairing:
    return Pairing(f"p-{number:06d}", node, pole, at_ms, "ana")


def states(pairings: list[Pairing], heard: bool = True) -> dict[str, tuple[str, tuple[str, ...]]]:
    found = judged(pairings, PLANNED, lambda _: heard)
    return {one.pairing.asset_id: (one.state, one.others) for one in found}


def test_a_box_on_its_own_pole_is_heard_or_not() -> None:
    one = [pairing(1, "02aa00000001", "L-1", 10)]
    assert states(one) == {"L-1": ("heard", ())}
    assert states(one, heard=False) == {"L-1": ("not_heard", ())}


def test_two_boxes_that_changed_places_are_swaps_and_name_each_other() -> None:
    both = [pairing(1, "02aa00000002", "L-1", 10), pairing(2, "02aa00000001", "L-2", 20)]
    assert states(both) == {
        "L-1": ("swap", ("L-2", "02aa00000001")), "L-2": ("swap", ("L-1", "02aa00000002")),
    }  # fmt: skip


def test_a_label_on_two_poles_is_a_duplicate_of_each() -> None:
    both = [pairing(1, "02aa00000001", "L-1", 10), pairing(2, "02aa00000001", "L-9", 20)]
    assert states(both) == {"L-1": ("duplicate", ("L-9",)), "L-9": ("duplicate", ("L-1",))}


def test_a_pole_has_its_newest_box() -> None:
    said = [pairing(2, "02aa00000001", "L-1", 20), pairing(1, "02aa00000003", "L-1", 10)]
    assert [one.id for one in standing(said)] == ["p-000002"]
    assert states(said) == {"L-1": ("heard", ())}


def test_a_box_that_no_plan_knows_is_taken_as_it_was_scanned() -> None:
    assert states([pairing(1, "02aa00000009", "L-9", 10)]) == {"L-9": ("heard", ())}


def test_a_node_with_two_channels_is_at_home_at_both_its_assets() -> None:
    planned = {"L-1": "02aa00000001", "B-1": "02aa00000001"}
    for pole in planned:
        (found,) = judged([pairing(1, "02aa00000001", pole, 10)], planned, lambda _: True)
        assert found.state == installs.HEARD, pole


NODES = [*PLANNED.values(), "02aa00000009"]
SCANS = st.lists(
    st.tuples(
        st.sampled_from(NODES), st.sampled_from(["L-1", "L-2", "L-3", "L-9"]), st.integers(0, 9)
    ),
    max_size=12,
)


@given(SCANS, st.booleans())
def test_every_pole_is_judged_once_and_only_a_clear_one_is_heard(
    scans: list[tuple[str, str, int]], heard: bool
) -> None:
    said = [pairing(n, node, pole, at_ms) for n, (node, pole, at_ms) in enumerate(scans)]
    found = judged(said, PLANNED, lambda _: heard)
    assert {one.pairing.asset_id for one in found} == {one.asset_id for one in said}
    assert len(found) == len({one.asset_id for one in said})
    newest = {one.pairing.asset_id: one.pairing.node_id for one in found}
    for one in found:
        twins = [pole for pole, node in newest.items() if node == one.pairing.node_id]
        own = PLANNED.get(one.pairing.asset_id) == one.pairing.node_id
        assert one.state in installs.STATES
        assert (one.state == installs.DUPLICATE) == (len(twins) > 1)
        if one.state in (installs.HEARD, installs.NOT_HEARD):
            assert own or one.pairing.node_id not in PLANNED.values()
            assert (one.state == installs.HEARD) == heard
