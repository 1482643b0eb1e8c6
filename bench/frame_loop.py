"""Encodes and decodes a lamp's state as a frame and as JSON, both under the same tag.

Runs under CPython and MicroPython alike: `python frame_loop.py ROUNDS`. It prints the bytes of
either and the microseconds of one round trip of either, as JSON.
"""

import json
import sys
import time

from protocol import wire

KEY = wire.Key(bytes(range(32)))
STATE = wire.LampState(
    0, level_percent=60, target_percent=60, reason=2, quality=2, power_mw=34800, voltage_dv=2301,
    energy_wh=1203100, burning_min=48750,
)  # fmt: skip


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
    """The same state as JSON with a tag beside it, there and back; its size in bytes."""
    said = STATE.as_dict()
    said["sequence"] = 7
    body = json.dumps(said).encode()
    tag = KEY.tag(wire.UP, 7, body)
    text = b'{"tag": "' + tag.hex().encode() + b'", "state": ' + body + b"}"
    whole = json.loads(text)
    got = text[text.index(b"{", 1) : -1]
    assert wire.same(KEY.tag(wire.UP, 7, got), bytes.fromhex(whole["tag"]))
    assert whole["state"]["power_mw"] == 34800
    return len(text)


def main(rounds):  # type: ignore[no-untyped-def] # the other interpreter has no typing
    """Time both, the faster of three runs each."""
    buffer = bytearray(wire.FRAME_SIZE_MAX)
    said = {"frame_bytes": frame_trip(buffer), "json_bytes": json_trip()}
    for name, trip in (("frame_us", lambda: frame_trip(buffer)), ("json_us", json_trip)):
        best = None
        for _ in range(3):
            begin = now_us()
            for _ in range(rounds):
                trip()
            spent = (now_us() - begin) / rounds
            best = spent if best is None else min(best, spent)
        said[name] = best
    print(json.dumps(said))


if __name__ == "__main__":
    main(int(sys.argv[1]))
