"""One real lamp under traffic: its heap, longest turn, collections, start and image."""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from pathlib import Path

import flasher
from protocol import wire

from .broker import Mosquitto
from .figures import Figure

ROOT = Path(__file__).resolve().parent.parent
sys.path.append(str(ROOT / "tests"))  # The rig of the tests: a real node, and a desk it joins.

from real_node import Desk, RealNode, configuration  # noqa: E402  # after its path is known
from schedule_tables import only, step  # noqa: E402  # after its path is known

_HEAP_BYTES = 112_256  # What -X heapsize=111k leaves to MicroPython's own blocks.
_TURN = """            shell.tick()
            shell.work()
"""
# A collection in each turn tells what is really held; the turn's own time leaves it out.
_WATCHED = """            begin = utime.ticks_us()
            shell.tick()
            turn_us = max(turn_us, utime.ticks_diff(utime.ticks_us(), begin))
            begin = utime.ticks_us()
            gc.collect()
            pause_us = max(pause_us, utime.ticks_diff(utime.ticks_us(), begin))
            held = max(held, gc.mem_alloc())
            turns += 1
            if turns % 50 == 0:
                print(turn_us, pause_us, held)
            shell.work()
"""
_STARTS, _COMMANDS = 5, 200
_STEADY_S = 10.0


def _watched() -> bytes:
    """The application with a loop that tells of itself."""
    path = "firmware/main.py"
    source = (ROOT / path).read_text()
    if source.count(_TURN) != 1:
        raise RuntimeError(f"{path} has another loop; mend bench/health.py")
    source = source.replace(_TURN, _WATCHED)
    source = source.replace("import sys\n", "import gc\nimport sys\n\nimport utime\n", 1)
    loop = "        while True:\n"
    source = source.replace(loop, "        turn_us = pause_us = held = turns = 0\n" + loop, 1)
    return flasher.build_application(1, {path: source}).data


def _starts(folder: Path, port: int) -> tuple[float, float]:
    """Medians, ms from the mains to driven light and to the join."""
    lit, joined = [], []
    for number in range(_STARTS):
        place = folder / str(number)
        place.mkdir()
        node = RealNode(place, "lamp", port)
        node.zygote()
        time.sleep(1.0)  # The simulator's own start is not the node's.
        desk = Desk(node, port)
        begin = time.monotonic()
        node.start()
        while not int(node.pages.driven[0]):
            time.sleep(0.001)
        lit.append((time.monotonic() - begin) * 1000)
        desk.pump(until=lambda desk=desk: desk.last(wire.Hello))  # type: ignore[misc] # its own
        joined.append((time.monotonic() - begin) * 1000)
        desk.close()
        node.close()
    return statistics.median(lit), statistics.median(joined)


def _traffic(folder: Path, port: int) -> tuple[int, int, int]:
    """Longest turn and collection in microseconds, bytes held at most, under commands."""
    node = RealNode(folder, "lamp", port)
    (folder / "application.romfs").write_bytes(_watched())
    node.start()
    desk = Desk(node, port)
    try:
        desk.pump(until=lambda: desk.last(wire.Hello))
        desk.upload(wire.UPLOAD_CONFIGURATION, 1, configuration())
        desk.upload(wire.UPLOAD_SCHEDULE, 1, only(step("06:00", 100), step("22:30", 60, 60)))
        for number in range(_COMMANDS):
            desk.say(
                wire.Override(command_id=1000 + number, action=wire.SET, rank=1, life_s=600,
                              level_percent=20 + number % 80, override_id=7)
            )  # fmt: skip
            node.pages.presence[0] = number >> 3 & 1
            desk.pump(0.05)
        desk.pump(_STEADY_S)
        last = [int(word) for word in node.log().splitlines()[-1].split()]
    finally:
        desk.close()
        node.close()
    return last[0], last[1], last[2]


def measure() -> list[Figure]:
    """Times are this machine's; an ESP32 takes some hundred times as long for the same code."""
    image = len(flasher.build_application().data)
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        with Mosquitto(folder) as broker:
            lit_ms, joined_ms = _starts(folder, broker.port)
            busy = folder / "busy"
            busy.mkdir()
            turn_us, pause_us, held = _traffic(busy, broker.port)
    told = (
        ("node_image", image / 1024, "KB", 200.0),
        ("node_heap_high_water", float(held), "bytes", _HEAP_BYTES * 0.65),
        ("node_longest_turn", turn_us / 1000, "ms", None),
        ("node_longest_collection", pause_us / 1000, "ms", None),
        ("node_start_to_light", lit_ms, "ms", 2000.0),
        ("node_start_to_join", joined_ms, "ms", None),
    )
    return [Figure(name, value, unit, None, None, goal, "lower")
            for name, value, unit, goal in told]  # fmt: skip
