from __future__ import annotations

import itertools

import pytest
from gateway_rig import Rig
from hypothesis import given, settings
from hypothesis import strategies as st

from controller import compile as compiler
from controller.nodes import UPLOAD_PAUSE_MS_MAX, Upload
from protocol import wire


def long_table(seed: int, size: int = 700) -> Upload:
    content = bytes((n * seed) % 251 for n in range(size))
    return Upload(seed, compiler.digest(content), content)


def test_a_node_joins_and_is_given_its_configuration() -> None:
    rig = Rig()
    rig.run(2)
    for node in rig.nodes.values():
        end = next(d.node for d in rig.gateway.devices.values() if d.node.node_id == node.node_id)
        assert node.session.joined
        assert end.joined
        wanted = end.uploads[wire.UPLOAD_CONFIGURATION].content
        assert node.contents[wire.UPLOAD_CONFIGURATION] == wanted
        assert end.uploads[wire.UPLOAD_CONFIGURATION].stored


def test_a_join_tells_the_time_of_the_world() -> None:
    rig = Rig()
    rig.run(1)
    accept = next(m for m in rig.lamp()[1].got if isinstance(m, wire.JoinAccept))
    assert (accept.day * 86400 + accept.second) + 946684800 == pytest.approx(rig.domain_s, abs=1.1)
    assert accept.quality == wire.TIME_SYNCHRONISED


def test_a_node_that_asks_the_time_is_told_it_with_its_nonce() -> None:
    rig = Rig()
    rig.run(1)
    _, node = rig.lamp()
    rig.say(node, wire.TimeAsk(nonce=b"12345678"))
    answer = node.got[-1]
    assert isinstance(answer, wire.Time)
    assert answer.nonce == b"12345678"


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 4096))
def test_every_upload_arrives_whole_over_a_link_that_loses_and_repeats(
    seed: int, size: int
) -> None:
    rig = Rig(1, 0, seed, loss=0.3, twice=0.2)
    address, node = rig.lamp()
    end = rig.gateway.devices[address].node
    upload = long_table(7, size)
    end.want(wire.UPLOAD_SCHEDULE, upload, rig.now)
    for _ in range(200):  # Pauses grow to a minute; an unlucky link needs some of them.
        rig.run(20)
        if upload.stored:
            break
    assert node.contents[wire.UPLOAD_SCHEDULE] == upload.content
    assert upload.stored


def test_a_chunk_is_under_way_one_at_a_time_and_in_order() -> None:
    rig = Rig(1, 0)
    rig.run(2)
    address, node = rig.lamp()
    rig.gateway.devices[address].node.want(wire.UPLOAD_SCHEDULE, long_table(3), rig.now)
    rig.settle()
    chunks = [
        m for m in node.got if isinstance(m, wire.UploadChunk) and m.kind == wire.UPLOAD_SCHEDULE
    ]
    offsets = [chunk.offset for chunk in chunks]
    assert offsets == list(range(0, 700, wire.CHUNK_SIZE_MAX))


def test_what_a_node_holds_already_is_not_sent_again() -> None:
    rig = Rig(1, 0)
    rig.run(2)
    _, node = rig.lamp()
    node.restart()
    node.got.clear()
    rig.run(12)
    assert node.session.joined
    assert not [m for m in node.got if isinstance(m, wire.UploadBegin)]


def test_a_table_that_a_node_refuses_is_not_sent_for_ever() -> None:
    rig = Rig(1, 0)
    rig.run(2)
    address, node = rig.lamp()
    node.refuses = True
    upload = long_table(5)
    rig.gateway.devices[address].node.want(wire.UPLOAD_SCHEDULE, upload, rig.now)
    rig.settle()
    assert upload.refused
    node.got.clear()
    rig.run(120)
    assert not [m for m in node.got if isinstance(m, wire.UploadBegin)]


def test_pauses_between_repetitions_grow_and_stay_bounded() -> None:
    rig = Rig(1, 0)
    rig.run(2)
    address, _ = rig.lamp()
    rig.loss = 1.0
    sent: list[int] = []
    upload = long_table(5)
    rig.gateway.devices[address].node.want(wire.UPLOAD_SCHEDULE, upload, rig.now)
    for _ in range(5000):
        before = upload.said_ms
        rig.run(0.1)
        if upload.said_ms != before:
            sent.append(upload.said_ms)
    pauses = [b - a for a, b in itertools.pairwise(sent)]
    assert pauses == sorted(pauses)
    assert pauses[-1] == pytest.approx(UPLOAD_PAUSE_MS_MAX, abs=200)


def test_forged_frames_are_counted_and_answered_by_one_question_to_join() -> None:
    rig = Rig(1, 0)
    rig.run(8)
    address, node = rig.lamp()
    end = rig.gateway.devices[address].node
    frame = bytearray(node.session.seal(wire.NodeState()))
    frame[-1] ^= 1
    for _ in range(5):
        rig.gateway.frame(node.node_id, bytes(frame), rig.now)
    assert end.refused == {"tag": 5}
    assert len(rig.gateway.effects.frames) == 1  # Once in five seconds.


def test_a_replayed_frame_is_refused_and_changes_nothing() -> None:
    rig = Rig(1, 0)
    rig.loggers()
    rig.run(2)
    address, node = rig.lamp()
    frame = node.session.seal(node.state(30))
    rig.lift(node, frame)
    rig.say(node, node.state(70))
    rig.lift(node, frame)
    device = rig.gateway.devices[address]
    assert device.node.refused == {"replay": 1}
    said = device.attribute("lamp", "feedbackLightCommand")
    assert said is not None
    assert said["value"]["state"]["value"] == 70
