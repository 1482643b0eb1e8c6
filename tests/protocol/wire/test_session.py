"""The join and the sealed conversation, over a link that does its worst."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from link_pair import KEY, LinkPair

from protocol import wire
from protocol.wire import controller_end


def test_a_join_gives_both_ends_one_session_and_the_node_the_time() -> None:
    pair = LinkPair(1)
    pair.join()
    accept = pair.node_got[0]
    assert isinstance(accept, wire.JoinAccept)
    assert (accept.day, accept.second) == (9000, 1)
    pair.send_up(pair.node.seal(wire.LampState(level_percent=40)))
    pair.send_down(pair.controller.seal(wire.Ask(command_id=3)))
    pair.step()
    assert pair.controller_got[-1].as_dict()["level_percent"] == 40
    assert pair.node_got[-1].as_dict()["command_id"] == 3


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32), st.floats(0, 0.45), st.floats(0, 0.5))
def test_a_join_comes_about_whatever_the_link_does(seed: int, loss: float, repeat: float) -> None:
    pair = LinkPair(seed, loss=loss, repeat=repeat, mix=True)
    pair.node.link_up()
    # At the worst every sixth try comes through, one each 30 s: after 33 minutes none has failed.
    for _ in range(40000):
        pair.step()
        if pair.node.joined and not pair.controller.joined and not pair.up:
            # The Hello was lost: the node's next frame is refused, and it is asked to join again.
            pair.send_up(pair.node.seal(wire.LampState()))
        if pair.node.joined and pair.controller.joined:
            pair.send_up(pair.node.seal(wire.LampState(level_percent=7)))
            pair.step()
            got = pair.controller_got[-1]
            if isinstance(got, wire.LampState) and got.level_percent == 7:
                return
    raise AssertionError(f"seed {seed}: never joined")


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32), st.lists(st.booleans(), min_size=1, max_size=40))
def test_nothing_is_taken_twice_and_replays_change_nothing(seed: int, ups: list[bool]) -> None:
    pair = LinkPair(seed)
    pair.join()
    for number, up in enumerate(ups):
        if up:
            pair.send_up(pair.node.seal(wire.Ack(command_id=number)))
        else:
            pair.send_down(pair.controller.seal(wire.Ask(command_id=number)))
    while pair.up or pair.down:
        pair.step()
    node_got, controller_got = len(pair.node_got), len(pair.controller_got)
    state = (pair.node.state, pair.controller.state)
    for frame in pair.seen:
        pair.to_node(frame)
        if frame[1] != wire.JoinRequest.TYPE:
            pair.to_controller(frame)
    assert (len(pair.node_got), len(pair.controller_got)) == (node_got, controller_got)
    assert (pair.node.state, pair.controller.state) == state
    assert set(pair.refused) <= {"replay", "direction", "nonce", "tag"}


def test_a_replayed_join_request_does_not_end_the_session() -> None:
    pair = LinkPair(3)
    pair.join()
    request = next(f for f in pair.seen if f[1] == wire.JoinRequest.TYPE)
    pair.to_controller(request)
    pair.down.clear()
    pair.send_up(pair.node.seal(wire.LampState(level_percent=9)))
    pair.step()
    assert pair.controller_got[-1].as_dict()["level_percent"] == 9


def test_frames_of_an_earlier_evening_are_refused_after_a_reboot_of_either_side() -> None:
    pair = LinkPair(4)
    pair.join()
    old_up = pair.node.seal(wire.LampState(level_percent=1))
    old_down = pair.controller.seal(wire.Override(action=1, level_percent=0))
    pair.node = wire.NodeSession(KEY)
    pair.join()
    with pytest.raises(wire.DecodeError) as caught:
        pair.node.open(old_down, pair.now_ms)
    assert caught.value.reason == "tag"
    pair.controller = controller_end.ControllerSession(KEY)
    with pytest.raises(wire.DecodeError) as caught:
        pair.controller.open(old_up)
    assert caught.value.reason == "not_joined"


def test_a_controller_that_lost_everything_is_joined_again() -> None:
    pair = LinkPair(5)
    pair.join()
    pair.controller = controller_end.ControllerSession(KEY)
    pair.now_ms += 5000
    pair.send_up(pair.node.seal(wire.LampState()))
    pair.join()
    pair.send_up(pair.node.seal(wire.LampState(level_percent=33)))
    pair.step()
    assert pair.controller_got[-1].as_dict()["level_percent"] == 33


def test_an_old_evening_cannot_be_given_to_a_node_without_clock() -> None:
    pair = LinkPair(6)
    pair.join()
    old_accept = next(f for f in pair.seen if f[1] == wire.JoinAccept.TYPE)
    node = wire.NodeSession(KEY)
    node.link_up()
    node.ask_join(b"fresh!!!", 2, 0, 0)
    with pytest.raises(wire.DecodeError) as caught:
        node.open(old_accept, 10)
    assert caught.value.reason == "nonce"
    assert not node.joined


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 10_000), st.binary(max_size=250))
def test_a_flipped_or_strange_frame_is_refused_with_a_reason(flip: int, strange: bytes) -> None:
    pair = LinkPair(7)
    pair.join()
    frame = bytearray(pair.controller.seal(wire.Override(action=1, level_percent=0)))
    frame[flip // 8 % len(frame)] ^= 1 << flip % 8
    for hostile in (bytes(frame), strange):
        with pytest.raises(wire.DecodeError) as caught:
            pair.node.open(hostile, pair.now_ms)
        assert caught.value.reason in wire.REASONS


def test_a_message_for_the_other_direction_is_our_own_error() -> None:
    pair = LinkPair(8)
    with pytest.raises(wire.SessionError):
        pair.node.seal(wire.LampState())
    pair.join()
    with pytest.raises(wire.SessionError, match="other way"):
        pair.node.seal(wire.Ask())
