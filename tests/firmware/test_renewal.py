"""A real node whose key is renewed over a real broker: it joins by the next one, lit as before."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from real_node import Desk, RealNode, configuration
from schedule_tables import only, step
from servers import Broker

from protocol import wire
from protocol.wire import controller_end

NEXT = bytes([9]) * 32
NONCE = bytes(range(16))


@pytest.fixture
def node(mosquitto: Broker, tmp_path: Path) -> Iterator[RealNode]:
    node = RealNode(tmp_path, "lamp", mosquitto.port)
    yield node
    node.close()


def joined(desk: Desk) -> wire.Message | None:
    return desk.last(wire.Hello)


@pytest.mark.slow
def test_hints_are_heard_under_the_next_key_of_the_street_only(
    mosquitto: Broker, tmp_path: Path
) -> None:
    first = bytes([7]) * 32
    lamp = RealNode(tmp_path, "lamp", mosquitto.port, told={"near": ["S-1", first.hex(), 1]})
    desk = Desk(lamp, mosquitto.port)
    lamp.start()
    try:
        desk.pump(until=lambda: joined(desk))
        hints = configuration(near_percent=90, near_hold_s=2)
        desk.upload(wire.UPLOAD_CONFIGURATION, 1, hints)
        desk.upload(wire.UPLOAD_SCHEDULE, 1, only(step("12:00", 40)))

        def raised(key: bytes, sender: int) -> bool:
            """Whether a neighbour's hint under this key lights the lamp."""
            neighbour = wire.Neighbours(key, sender.to_bytes(6, "big"), 2, 1)
            desk.publish("ll/test/near/S-1", neighbour.hint(2))
            try:
                desk.pump(2.0, until=lambda: int(lamp.pages.duty[0]) > 0.7 * 65535)
            except TimeoutError:
                return False
            desk.pump(until=lambda: int(lamp.pages.duty[0]) < 0.5 * 65535)
            return True

        assert raised(first, 1)
        assert renew(desk, {"near": NEXT.hex()}, lamp.key) == wire.UPLOAD_PROVED
        assert not raised(first, 2)
        assert raised(NEXT, 3)
        lamp.stop()
        lamp.start()
        desk.got.clear()
        desk.pump(until=lambda: joined(desk))
        desk.pump(until=lambda: int(lamp.pages.duty[0]) < 0.5 * 65535)
        assert not raised(first, 4)
        assert raised(NEXT, 5)
        assert not lamp.log()
    finally:
        desk.close()
        lamp.close()


def renew(desk: Desk, told: dict[str, str], key: bytes, generation: int = 1) -> int:
    return desk.upload(
        wire.UPLOAD_RENEWAL, generation, controller_end.wrap(key, generation, NONCE, told)
    )


def test_a_node_joins_under_its_next_key_and_is_dead_to_the_old_one(
    mosquitto: Broker, node: RealNode
) -> None:
    desk = Desk(node, mosquitto.port)
    node.start()
    desk.pump(until=lambda: joined(desk))
    desk.upload(wire.UPLOAD_CONFIGURATION, 1, configuration())
    desk.upload(wire.UPLOAD_SCHEDULE, 1, only(step("12:00", 40)))
    desk.pump(2.0)
    lit = int(node.pages.duty[0])
    began_s = time.monotonic()
    assert renew(desk, {"key": NEXT.hex()}, node.key) == wire.UPLOAD_STORED
    old, desk.session = desk.session, controller_end.ControllerSession(NEXT)
    desk.got.clear()
    desk.pump(until=lambda: joined(desk))
    print(f"renewed in {time.monotonic() - began_s:.1f} s")
    state = desk.ask()
    desk.put(old.ask_join(bytes(8)))
    assert desk.ask().refused == state.refused + 1, "the old key opens nothing any more"
    assert renew(desk, {"key": NEXT.hex()}, NEXT, 2) == wire.UPLOAD_PROVED
    assert int(node.pages.duty[0]) == lit
    node.stop()
    node.start()
    desk.got.clear()
    desk.pump(until=lambda: joined(desk))
    assert not node.log()
    desk.close()
