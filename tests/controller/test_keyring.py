"""Which generations of a node's key open a join, and when the earlier ones end."""

from __future__ import annotations

import functools

import pytest

from controller.keyring import AHEAD, Keyring
from controller.keys import node_key
from protocol import wire

SITE_KEY = bytes(range(32))
NODE = "02aa00000001"


@pytest.fixture
def ring() -> Keyring:
    return Keyring(functools.partial(node_key, SITE_KEY, NODE))


def session(number: int) -> wire.NodeSession:
    found = wire.NodeSession(node_key(SITE_KEY, NODE, number))
    found.link_up()
    return found


def asked(node: wire.NodeSession, seed: int = 1) -> bytes:
    return node.ask_join(bytes([seed]) * 8, 1, 0, 0)


def answered(ring: Keyring, frame: bytes) -> bytes:
    request, number = ring.open(frame)
    assert isinstance(request, wire.JoinRequest)
    return ring.accept(request, number, wire.JoinAccept(controller_nonce=bytes([7]) * 8))


def join(ring: Keyring, number: int) -> wire.NodeSession:
    node = session(number)
    node.open(answered(ring, asked(node)), 0)
    ring.open(node.seal(wire.Hello()))
    return node


def refused(ring: Keyring, frame: bytes) -> str:
    with pytest.raises(wire.DecodeError) as error:
        ring.open(frame)
    return str(error.value.reason)


def test_a_join_under_a_later_key_ends_the_earlier_ones(ring: Keyring) -> None:
    ring.expect(0, 2)
    old = join(ring, 0)
    join(ring, 2)
    assert (ring.number, ring.held, ring.proved) == (2, 2, 2)
    assert refused(ring, old.seal(wire.NodeState())) == "tag"
    for number in (0, 1):
        assert refused(ring, asked(session(number))) == "tag"


def test_a_recorded_request_under_the_old_key_leaves_the_session(ring: Keyring) -> None:
    ring.expect(0, 1)
    recorded = asked(session(0), 9)
    node = join(ring, 0)
    answered(ring, recorded)
    assert isinstance(ring.open(node.seal(wire.NodeState()))[0], wire.NodeState)
    answered(ring, asked(session(1)))
    assert isinstance(ring.open(node.seal(wire.NodeState()))[0], wire.NodeState)
    assert ring.held == 0, "whoever asks has not proved that it can go on"


def test_a_key_that_ended_at_once_ends_its_session(ring: Keyring) -> None:
    node = join(ring, 0)
    assert ring.expect(1, 1)
    assert not ring.session.joined
    assert refused(ring, node.seal(wire.NodeState())) == "not_joined"
    assert refused(ring, asked(session(0))) == "tag"
    assert not ring.expect(1, 1)


def test_keys_that_a_restored_controller_forgot_are_found_but_not_without_end(
    ring: Keyring,
) -> None:
    join(ring, AHEAD)
    assert (ring.held, ring.wanted) == (AHEAD, AHEAD)
    assert refused(ring, asked(session(2 * AHEAD + 1))) == "tag"


def test_a_node_is_asked_under_every_key_that_it_may_hold(ring: Keyring) -> None:
    ring.expect(0, 1)
    frames = [ring.ask_join(bytes(8)) for _ in range(2 * (AHEAD + 2))]
    for number in range(AHEAD + 2):
        node = session(number)
        heard = []
        for frame in frames:
            try:
                heard.append(node.open(frame, 10_000))
            except wire.DecodeError:
                continue
        assert heard, number
    assert len({bytes(frame) for frame in frames[::2]}) == 1, "each other time the likely one"
