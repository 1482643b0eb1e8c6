"""Encodes and decodes a lamp's state as a frame and as JSON, both under the same tag.

Runs under CPython and MicroPython alike: `python frame_loop.py BATCHES`. It prints the bytes of
either and the microseconds of one round trip of either, as JSON.
"""

import json
import sys
import time

from protocol import wire

BATCH = 40
KEY = wire.Key(bytes(range(32)))
STATE = wire.LampState(
    0, level_percent=60, target_percent=60, reason=2, quality=2, power_mw=34800, voltage_dv=2301,
    energy_wh=1203100, burning_min=48750,
)  # fmt: skip


BOUNDS = [
    (at, wire.BOUNDED[STATE.KINDS[at]][1], wire.BOUNDED[STATE.KINDS[at]][2])
    for at in range(len(STATE.KINDS))
    if STATE.KINDS[at] in wire.BOUNDED
]


def judge(values):  # type: ignore[no-untyped-def] # the other interpreter has no typing
    """What the frame's reader and writer ask of values, for the JSON beside it."""
    for at, low, high in BOUNDS:
        assert low <= values[at] <= high


def now_us():  # type: ignore[no-untyped-def] # MicroPython's clock has another name
    """Microseconds of a clock that does not jump."""
    if hasattr(time, "ticks_us"):
        return time.ticks_us()
    return time.perf_counter_ns() // 1000


def frame_trip(buffer):  # type: ignore[no-untyped-def] # the other interpreter has no typing
    """One frame, there and back; its size in bytes."""
    end = wire.encode_into(buffer, STATE, 7)
    buffer[end : end + wire.TAG_SIZE] = KEY.tag(wire.UP, 7, memoryview(buffer)[:end])
    frame = bytes(memoryview(buffer)[: end + wire.TAG_SIZE])
    view = memoryview(frame)
    assert wire.same(KEY.tag(wire.UP, 7, view[:end]), view[end:])
    assert wire.decode(frame).power_mw == 34800
    return len(frame)


def json_trip():  # type: ignore[no-untyped-def] # the other interpreter has no typing
    """The same state as JSON with a tag beside it, there and back; its size in bytes.

    As with the frame, a message goes in, and one whose values were judged comes out.
    """
    said = {"type": STATE.TYPE, "channel": STATE.channel, "sequence": 7}
    for name in STATE.FIELDS:
        said[name] = getattr(STATE, name)
    judge([said[name] for name in STATE.FIELDS])
    body = json.dumps(said).encode()
    tag = KEY.tag(wire.UP, 7, body)
    text = b'{"tag": "' + tag.hex().encode() + b'", "state": ' + body + b"}"
    whole = json.loads(text)
    got = text[text.index(b"{", 1) : -1]
    assert wire.same(KEY.tag(wire.UP, 7, got), bytes.fromhex(whole["tag"]))
    state = whole["state"]
    values = [state[name] for name in STATE.FIELDS]
    judge(values)
    assert wire.LampState(state["channel"], values).power_mw == 34800
    return len(text)


def main(batches):  # type: ignore[no-untyped-def] # the other interpreter has no typing
    """Time both in short batches; the fastest one is what another program did not disturb."""
    buffer = bytearray(wire.FRAME_SIZE_MAX)
    said = {"frame_bytes": frame_trip(buffer), "json_bytes": json_trip()}
    for name, trip in (("frame_us", lambda: frame_trip(buffer)), ("json_us", json_trip)):
        best = None
        for _ in range(batches):
            begin = now_us()
            for _ in range(BATCH):
                trip()
            spent = (now_us() - begin) / BATCH
            best = spent if best is None else min(best, spent)
        said[name] = best
    print(json.dumps(said))


if __name__ == "__main__":
    main(int(sys.argv[1]))
