"""Updates of the real firmware over a real broker: signed, resumed, on trial, and taken back."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from real_node import Desk, configuration
from schedule_tables import only, step
from servers import Broker
from update_rig import KEY, STATUS, UpdatedNode, Updater, image, running

import flasher
from protocol import wire

Place = Callable[..., tuple[UpdatedNode, Desk]]


@pytest.fixture
def place(mosquitto: Broker, tmp_path: Path) -> Iterator[Place]:
    """Makes a node that is started and joined, and the desk that it has joined."""
    made: list[tuple[UpdatedNode, Desk]] = []

    def make(kind: str = "lamp") -> tuple[UpdatedNode, Desk]:
        node = UpdatedNode(tmp_path, mosquitto.port, kind)
        desk = Desk(node, mosquitto.port)
        made.append((node, desk))
        node.start()
        desk.pump(until=lambda: desk.last(wire.FirmwareState))
        return node, desk

    yield make
    for node, desk in made:
        desk.close()
        node.close()


def test_a_signed_image_reaches_the_node_and_is_committed(place: Place) -> None:
    node, desk = place()
    node.clock.set(node.clock.now_s(), 5.0)
    began_s = time.monotonic()
    updater = Updater(desk, 2, flasher.sign(image(2), KEY, 2))
    updater.until("ready")
    print(f"update took {time.monotonic() - began_s:.1f} s")
    assert running(desk) == 2
    updater.until("trial")
    updater.until("idle")
    assert updater.told is not None
    assert (updater.told.slot, updater.told.running_version) == (1, 2)
    states = [m for m in desk.got if isinstance(m, wire.FirmwareState) and m.running_version == 2]
    assert [state.status for state in states][:1] == [STATUS["trial"]]
    node.cut()
    assert running(desk) == 2
    assert not node.log()


def lit(node: UpdatedNode) -> float:
    """What the lamp's output is driven with, in percent."""
    return float(node.pages.duty[0]) * 100 / 65535


@pytest.mark.slow
def test_the_lamp_keeps_its_plan_from_the_first_chunk_to_the_commit(place: Place) -> None:
    node, desk = place()
    assert desk.upload(wire.UPLOAD_CONFIGURATION, 1, configuration()) == wire.UPLOAD_STORED
    table = only(step("12:00", 40))
    assert desk.upload(wire.UPLOAD_SCHEDULE, 1, table) == wire.UPLOAD_STORED
    end = time.monotonic() + 10
    while abs(lit(node) - 40) > 0.1:
        assert time.monotonic() < end, lit(node)
        desk.pump(0.1)
    seen: set[float] = set()
    over = threading.Event()

    def watch() -> None:
        while not over.is_set():
            seen.add(lit(node))
            time.sleep(0.001)

    watcher = threading.Thread(target=watch)
    watcher.start()
    updater = Updater(desk, 2, flasher.sign(image(2), KEY, 2))
    updater.until("ready")
    updater.until("trial")
    updater.until("idle")
    over.set()
    watcher.join()
    assert updater.hellos == [2]
    assert 39 <= min(seen) <= max(seen) <= 41, sorted(seen)


@pytest.mark.slow
def test_cuts_of_the_mains_during_the_transfer_cost_a_block_each(place: Place) -> None:
    node, desk = place()
    update = flasher.sign(image(2), KEY, 2)
    updater = Updater(desk, 2, update)
    rng = random.Random(2)
    before = 0
    for part in range(1, 7):
        goal = len(update) * part // 7
        end = time.monotonic() + 30
        while updater.told is None or updater.told.have_bytes < goal:
            assert time.monotonic() < end, node.log()
            updater.work()
        desk.pump(rng.random() * 0.05)
        node.cut()
        reached, hellos = updater.told.have_bytes, len(updater.hellos)
        while len(updater.hellos) == hellos:
            assert time.monotonic() < end, node.log()
            updater.work()
        updater.told = None
        while updater.told is None or updater.told.status != STATUS["receiving"]:
            assert time.monotonic() < end, node.log()
            updater.work()
        assert updater.told.have_bytes % 4096 == 0
        assert updater.told.have_bytes >= reached // 4096 * 4096 > before
        before = updater.told.have_bytes
    updater.until("ready")
    updater.until("trial")
    updater.until("idle")
    assert updater.told is not None
    assert updater.told.running_version == 2
    assert not node.log()


def wrong(update: bytes, name: str) -> bytes:
    """The update with something wrong with it."""
    head = bytearray(update[:120])
    if name == "form":
        head[4] = 9
    elif name == "signature":
        head[100] ^= 1
    return bytes(head) + update[120:]


def test_what_may_not_be_installed_is_refused_before_a_byte_is_written(place: Place) -> None:
    node, desk = place()
    good = image(2)
    updates = {
        "form": wrong(flasher.sign(good, KEY, 2), "form"),
        "hardware": flasher.sign(good, KEY, 2, hardware="esp8266"),
        "older": flasher.sign(good, KEY, 1, may_be_older=True),
        "size": flasher.sign(bytes(600_000), KEY, 2),
        "signature": wrong(flasher.sign(good, KEY, 2), "signature"),
    }
    for name, update in updates.items():
        updater = Updater(desk, 2, update)
        updater.until(name)
    assert not any((node.folder / "slots").read_bytes())
    assert not node.log()


@pytest.mark.slow
def test_content_that_is_not_what_was_signed_never_runs(place: Place) -> None:
    node, desk = place()
    good = bytearray(flasher.sign(image(2), KEY, 2))
    good[5000] ^= 1
    Updater(desk, 2, bytes(good)).until("content")
    node.cut()
    assert running(desk) == 1
    assert not node.log()


BROKEN = {
    "crashes": ("firmware/lamp_main.py", "def run", "raise ValueError('broken')\n\n\ndef run"),
    "hangs": ("firmware/lamp_main.py", "def run", "while True:\n    pass\n\n\ndef run"),
    "never joins": ("firmware/link_io.py", "shell.entered()\n        elif", "pass\n        elif"),
    "drives nothing": ("firmware/esp32.py", "self._pwm.duty_u16(duty)", "pass"),
}


@pytest.mark.parametrize(
    "fault", ["empty", *(pytest.param(name, marks=pytest.mark.slow) for name in BROKEN)]
)
def test_an_image_that_does_not_prove_itself_is_taken_back(place: Place, fault: str) -> None:
    node, desk = place()
    if fault == "empty":  # Signed and whole, but without an application: quick to bring.
        broken = flasher.build.build_romfs([("other.py", "")]).data.ljust(8192, b"\xff")
    else:
        path, old, new = BROKEN[fault]
        broken = image(2, {path: (old, new)})
    updater = Updater(desk, 2, flasher.sign(broken, KEY, 2))
    updater.until("ready")
    node.clock.set(node.clock.now_s(), 100.0)  # A trial takes up to ten minutes, three times.
    end = time.monotonic() + 90
    while updater.told is None or updater.told.failed_version != 2:
        assert time.monotonic() < end, f"{updater.told and updater.told.as_dict()} {node.log()}"
        desk.pump(0.1)
        told = desk.last(wire.FirmwareState)
        assert isinstance(told, wire.FirmwareState)
        updater.told = told
    assert (updater.told.running_version, updater.told.slot) == (1, 0)
    assert running_now(desk) == 1


def running_now(desk: Desk) -> int:
    """The version in the newest Hello."""
    hello = desk.last(wire.Hello)
    assert isinstance(hello, wire.Hello)
    return hello.firmware_version


CUTS = 3


@pytest.mark.slow
def test_cuts_of_the_mains_at_writes_around_the_restart_end_with_the_new_image(
    place: Place,
) -> None:
    node, desk = place()
    update = flasher.sign(image(2), KEY, 2)
    updater = Updater(desk, 2, update)
    end = time.monotonic() + 60
    while updater.told is None or updater.told.have_bytes < len(update) - 30_000:
        assert time.monotonic() < end, node.log()
        updater.work()
    node.stop()
    paths = [node.folder / "flash", node.folder / "slots"]
    before = [path.read_bytes() for path in paths]

    def go_on(cut: int, size: int) -> int:
        """From the last block to the commit with a cut at a write; the writes that were left."""
        for path, content in zip(paths, before, strict=True):
            with path.open("r+b") as file:
                file.write(content)
        node.pages.cut_writes[:], node.pages.cut_bytes[:] = cut, size
        node.start()
        one = Updater(desk, 2, update)
        end = time.monotonic() + 60
        trial = STATUS["trial"]
        while one.told is None or one.told.running_version != 2 or one.told.status == trial:
            assert time.monotonic() < end, node.log()
            one.work()
        left = int(node.pages.cut_writes[0])
        node.pages.cut_writes[:] = 0
        node.stop()
        return left

    many = 100_000
    writes = many - go_on(many, 0)
    assert writes > 60
    rng = random.Random(3)
    killed = len(node.statuses)
    for turn in range(CUTS):
        go_on(
            rng.randint(writes * turn // CUTS + 1, writes * (turn + 1) // CUTS), rng.randint(0, 99)
        )
    assert sum(status & 127 == 11 for status in node.statuses[killed:]) == CUTS
    assert not node.log()


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["bay", "cabinet", "sign"])
def test_other_kinds_of_nodes_commit_too(place: Place, kind: str) -> None:
    node, desk = place(kind)
    updater = Updater(desk, 2, flasher.sign(image(2), KEY, 2))
    updater.until("ready")
    updater.until("trial")
    told = updater.until("idle")
    assert (told.running_version, told.slot) == (2, 1)
    assert not node.log()


@pytest.mark.slow
def test_a_held_button_is_safe_mode_with_the_lamp_lit_until_it_starts_again(place: Place) -> None:
    node, desk = place()
    node.stop()
    node.pages.presence[:] = 1 << 31
    node.pages.duty[:] = 0
    before = len(desk.got)
    node.start()
    time.sleep(1.0)
    assert "safe mode" in node.log()
    assert lit(node) == 100
    node.pages.presence[:] = 0
    node.clock.set(node.clock.now_s(), 300.0)
    end = time.monotonic() + 15
    while desk.last(wire.Hello) not in desk.got[before:]:
        assert time.monotonic() < end, node.log()
        desk.pump(0.1)


@pytest.mark.slow
def test_an_image_that_crashes_for_ever_leaves_the_lamp_lit_and_is_tried_again(
    mosquitto: Broker, tmp_path: Path
) -> None:
    node = UpdatedNode(tmp_path, mosquitto.port)
    broken = image(1, {"firmware/lamp_main.py": ("def run", "raise ValueError('x')\n\n\ndef run")})
    (tmp_path / "application.romfs").write_bytes(broken)
    node.start()
    node.clock.set(node.clock.now_s(), 300.0)
    end = time.monotonic() + 20
    while node.log().count("safe mode") < 3:
        assert time.monotonic() < end, node.log()
        assert not node.pages.duty[0] or lit(node) == 100
        time.sleep(0.01)
    assert node.log().count("ValueError") >= 6
    node.close()
