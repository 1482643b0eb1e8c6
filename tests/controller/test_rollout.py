"""Renewals over the air: who is told when, and that no faults part node and controller."""

from __future__ import annotations

import functools
import tempfile
from pathlib import Path

import pytest
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from renew_rig import SITE_KEY, World

from controller.effects import Effects, Now
from controller.keys import node_key
from controller.nodes import NodeEnd
from controller.renewals import DONE, FAILED, SENT, TAKEN, WAITING, Renewal
from controller.rollout import PATIENCE_S, Rollout
from firmware import renew
from protocol import plan, wire


@pytest.fixture
def world(tmp_path: Path) -> World:
    world = World(tmp_path)
    world.settle()
    return world


def state(world: World) -> str:
    row = world.row()
    assert row is not None
    return row.state


def test_a_node_gets_its_next_key_and_the_old_one_ends(world: World) -> None:
    world.ask("key")
    for _ in range(6):
        world.step()
    assert world.met
    assert world.end.keys.held == 1
    assert state(world) == DONE
    assert "before" not in world.node.flash.said()


def test_the_key_in_use_goes_on_until_the_node_is_heard_and_told(world: World) -> None:
    world.node.cut_off()
    world.authority = "30dd"
    world.ask("key")
    for _ in range(20):
        world.step()
    assert state(world) == SENT
    assert world.end.keys.held == 0
    world.authority = "30aa"
    world.settle()
    world.step()
    assert state(world) == DONE


def test_a_password_is_proved_when_the_broker_asks_for_it(world: World) -> None:
    world.ask("key", "password")
    for _ in range(20):
        world.step()
    assert world.met
    assert state(world) == TAKEN
    world.password_of = world.passwords()
    world.node.cut_off()
    for _ in range(20):
        world.step()
    assert world.met
    assert state(world) == DONE


def test_an_authority_is_proved_when_the_broker_shows_it(world: World) -> None:
    world.ask("ca", ca="30bb")
    for _ in range(20):
        world.step()
    assert state(world) == TAKEN
    world.node.cut_off()
    for _ in range(5):
        world.step()
    assert world.met, "the old one is as good"
    world.authority = "30bb"
    world.node.cut_off()
    for _ in range(20):
        world.step()
    assert state(world) == DONE
    assert "before" not in world.node.flash.said()


def test_a_new_key_alone_proves_no_authority(world: World) -> None:
    world.ask("key", "ca", ca="30bb")
    for _ in range(20):
        world.step()
    assert world.met
    assert world.node.flash.said()["before"] == [4, None, None, "30aa"]


@pytest.mark.parametrize("parts", [("ca",), ("key", "ca")])
def test_a_third_authority_waits_until_the_second_is_proved(
    world: World, parts: tuple[str, ...]
) -> None:
    world.ask("ca", ca="30bb")
    for _ in range(20):
        world.step()
    world.ask(*parts, ca="30cc")
    for _ in range(40):
        world.step()
    assert state(world) in (SENT, WAITING)
    assert world.met
    world.authority = "30bb"
    world.node.cut_off()
    for _ in range(40):
        world.step()
    assert state(world) == TAKEN
    world.authority = "30cc"
    world.node.cut_off()
    for _ in range(40):
        world.step()
    assert state(world) == DONE
    assert world.node.flash.said()["ca"] == "30cc"


@pytest.mark.parametrize("cut", range(1, 8))
def test_a_cut_at_any_write_leaves_a_node_that_ends_up_renewed(world: World, cut: int) -> None:
    world.ask("key")
    world.node.flash.cut = cut
    for _ in range(6):
        world.step()
    world.settle()
    for _ in range(6):
        world.step()
    assert state(world) == DONE


def test_a_controller_from_an_old_backup_finds_a_later_key(world: World) -> None:
    world.keep_backup()
    for _ in range(3):
        world.ask("key")
        for _ in range(6):
            world.step()
    assert world.end.keys.held == 3
    world.restore()
    assert world.end.keys.held == 0
    world.settle()
    assert world.end.keys.held == 3
    world.look()
    world.start_controller()
    assert world.end.keys.held == 3, "it is kept"


class Faults(RuleBasedStateMachine):
    """Whatever is lost, cut and restored: when it is over, node and controller meet."""

    def __init__(self) -> None:
        super().__init__()
        self._folder = tempfile.TemporaryDirectory()
        self.world = World(Path(self._folder.name))
        self.world.settle()

    def teardown(self) -> None:
        try:
            self.world.settle()
        finally:
            self._folder.cleanup()

    @rule(steps=st.integers(1, 20))
    def time_passes(self, steps: int) -> None:
        for _ in range(steps):
            self.world.step()

    @rule()
    def ten_minutes_pass(self) -> None:
        for _ in range(125):
            self.world.step()

    @rule(frames=st.integers(1, 60))
    def frames_are_lost(self, frames: int) -> None:
        self.world.lose = frames

    @rule(write=st.integers(1, 9))
    def the_mains_will_go_at_a_write(self, write: int) -> None:
        self.world.node.flash.cut = write

    @rule()
    def the_mains_are_cut(self) -> None:
        self.world.node.start()

    @rule()
    def the_connection_is_lost(self) -> None:
        self.world.node.cut_off()

    @rule()
    def the_controller_starts_again(self) -> None:
        self.world.start_controller()

    @rule()
    def a_backup_is_made(self) -> None:
        self.world.keep_backup()

    @rule()
    def the_backup_is_restored(self) -> None:
        self.world.restore()

    @rule(password=st.booleans())
    def a_key_is_renewed(self, password: bool) -> None:
        self.world.ask("key", *(["password"] if password else []))

    @rule(ca=st.sampled_from(["30aa", "30bb", "30cc"]))
    def an_authority_is_renewed(self, ca: str) -> None:
        self.world.ask("ca", ca=ca)

    def _taken(self) -> Renewal | None:
        row = self.world.row()
        return row if row is not None and row.state in (TAKEN, DONE) else None

    @precondition(lambda self: self._taken() is not None)
    @rule()
    def the_broker_gets_what_nodes_have_taken(self) -> None:
        row = self._taken()
        assert row is not None
        said = self.world.node.flash.said()
        known = [said["ca"], *said.get("before", [None])[3:]]
        if row.ca and row.ca in known:
            self.world.authority = row.ca
            self.world.node.cut_off()
        if "password" in row.parts:
            self.world.password_of = max(self.world.password_of, row.password)
            self.world.node.cut_off()

    @invariant()
    def the_identity_is_whole(self) -> None:
        said = self.world.node.flash.said()
        assert len(said["key"]) == 64
        assert said["password"]
        assert said["ca"]


TestFaults = Faults.TestCase
TestFaults.settings = settings(
    max_examples=40,
    stateful_step_count=25,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
)


class Street:
    """Nodes that join and answer as the test says."""

    def __init__(self, nodes: int, at_once: int) -> None:
        self.ends = {}
        for asset in plan.quarter(nodes, 0).assets:
            key_of = functools.partial(node_key, SITE_KEY, asset.node_id)
            end = NodeEnd(asset, key_of, bytes, Effects())
            end.expect_keys(0, 1)
            self.join(end, 0)
            self.ends[asset.node_id] = end
        self.rows = [
            Renewal(node_id, 1, "key", 0, "", "now", at_once) for node_id in sorted(self.ends)
        ]
        self.rollout = Rollout(self.ends, bytes)
        self.now_s = 1e9

    def join(self, end: NodeEnd, number: int) -> None:
        node = wire.NodeSession(end.keys.key(number))
        node.link_up()
        now = Now(0, 1e9)
        end.receive(node.ask_join(bytes([number] * 8), 1, 0, 0), now)
        frames = [frame for _, frame in end._effects.frames]
        end._effects.frames.clear()
        node.open(frames[-1], 0)
        end.receive(node.seal(wire.Hello()), now)

    def look(self, seconds: float = 5) -> dict[str, int]:
        self.now_s += seconds
        self.rollout.look(self.rows, Now(int(self.now_s * 1000) & 0x3FFFFFFF, self.now_s))
        return {
            s: sum(r.state == s for r in self.rows) for s in (WAITING, SENT, TAKEN, DONE, FAILED)
        }

    def stored(self, row: Renewal, *, refused: bool = False) -> None:
        upload = self.ends[row.node_id].uploads[wire.UPLOAD_RENEWAL]
        upload.stored, upload.refused = not refused, refused


def test_a_key_of_hints_is_told_to_lamps_and_done_when_they_have_it() -> None:
    street = Street(2, 10)
    first, second = sorted(street.ends)
    street.rows = [Renewal(node_id, 1, "near", 0, "", "now", 10) for node_id in (first, second)]
    keys = {first: b"n" * 32}  # The other one is no lamp.
    street.rollout = Rollout(street.ends, bytes, lambda node_id: keys.get(node_id, b""))
    assert street.look()[SENT] == 2
    told = []
    for row in street.rows:
        upload = street.ends[row.node_id].uploads[wire.UPLOAD_RENEWAL]
        key = street.ends[row.node_id].keys.key(0)
        told.append(renew._opened(key.hex(), upload.content, 1))
        upload.stored = upload.proved = True
    assert told == [{"near": (b"n" * 32).hex()}, {}]
    assert street.look()[DONE] == 2


def test_so_many_nodes_at_once_are_told_and_no_more() -> None:
    street = Street(30, 10)
    for _ in range(3):
        assert street.look()[SENT] == 10
    done = 0
    while done < 30:
        for row in street.rows:
            if row.state == SENT:
                street.join(street.ends[row.node_id], 1)
        told = street.look()
        assert told[SENT] + told[TAKEN] <= 10
        done = told[DONE]


def test_failures_above_five_percent_end_it_until_it_is_asked_for_anew() -> None:
    street = Street(60, 20)
    assert street.look()[SENT] == 20
    for row in [r for r in street.rows if r.state == SENT]:
        if row is street.rows[0] or row is street.rows[1]:
            street.stored(row, refused=True)
        else:
            street.join(street.ends[row.node_id], 1)
    assert street.look() == {WAITING: 40, SENT: 0, TAKEN: 0, DONE: 18, FAILED: 2}
    for row in street.rows[:2]:
        row.number, row.state = 2, WAITING
    assert street.look()[SENT] == 20


def test_a_node_that_has_its_key_and_does_not_join_has_failed_until_it_joins() -> None:
    street = Street(3, 50)
    street.look()
    street.stored(street.rows[0])
    assert street.look()[TAKEN] == 1
    assert street.look(PATIENCE_S + 1)[FAILED] == 1
    assert "not joined" in street.rows[0].why
    street.join(street.ends[street.rows[0].node_id], 1)
    assert street.look()[FAILED] == 0


def test_a_node_that_answers_nothing_gives_its_turn_to_others() -> None:
    street = Street(2, 1)
    assert street.look()[SENT] == 1
    first = next(row for row in street.rows if row.state == SENT)
    street.look(PATIENCE_S + 1)
    assert first.why == "it was not heard"
    assert [row.state for row in street.rows if row is not first] == [SENT]
