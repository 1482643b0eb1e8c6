"""The application onto a board: flash.py's session against `mpremote cp` of the same files.

Both on a simulated board with a line of 460,800 baud. The session's line is really paced. The
console of MicroPython has 115,200 baud; to its favour the copy is measured on a line without
pace, and the time that its bytes would take at 460,800 baud is added.
"""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
import tempfile
import threading
import time
import tty
from pathlib import Path
from typing import Any
from unittest import mock

from mpremote.romfs import VfsRomWriter

from flasher import build, home_io
from flasher.image import look_at
from flasher.jobs_io import APPLICATION, Payload, parts_of
from flasher.session_io import session
from hardware_sim.rom import micropython_image

from .figures import Figure, against

BAUD = 460_800
_BITS = 10  # A byte on the line, with start and stop.
_GOAL = 1 / 5
_START_S = 30
_IDENTITY: dict[str, Any] = {
    "node_id": "02aa00000001", "key": "11" * 32, "site": "here", "kind": "lamp",
    "broker": ["127.0.0.1", 9], "password": "22" * 16, "board": [25, 1000],
}  # fmt: skip


class _Board:
    """A board's process."""

    def __init__(self, folder: Path, *options: str) -> None:
        ready = folder / "ready.json"
        self._process = subprocess.Popen(
            [sys.executable, "-m", "hardware_sim", "board", "--data", str(folder / "board"),
             "--ready-file", str(ready), *options],
        )  # fmt: skip
        end_s = time.monotonic() + _START_S
        while not ready.exists():
            if time.monotonic() > end_s:
                raise RuntimeError("the simulated board did not start")
            time.sleep(0.05)
        self.ports: dict[str, str] = json.loads(ready.read_text())

    def close(self) -> None:
        """Stop it."""
        self._process.terminate()
        self._process.wait(10)


class _Relay:
    """A pseudo-terminal in front of another one, that counts what passes."""

    def __init__(self, name: str) -> None:
        self._board = os.open(name, os.O_RDWR | os.O_NOCTTY)
        tty.setraw(self._board)
        self._master, slave = os.openpty()
        tty.setraw(slave)
        self.name = os.ttyname(slave)
        self._slave = slave  # Kept open, so that the master never hangs up.
        self.count = 0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._pass, daemon=True)
        self._thread.start()

    def _pass(self) -> None:
        ends = {self._board: self._master, self._master: self._board}
        while not self._stop.is_set():
            for end in select.select(list(ends), [], [], 0.1)[0]:
                data = os.read(end, 65536)
                self.count += len(data)
                os.write(ends[end], data)

    def close(self) -> None:
        """End it."""
        self._stop.set()
        self._thread.join()
        for fd in (self._board, self._master, self._slave):
            os.close(fd)


def _files(folder: Path) -> bytes:
    """The node's files in a folder: the application, who it is; the ROMFS image of the former."""
    trail: list[str] = []

    class Writer(VfsRomWriter):  # type: ignore[misc]  # mpremote ships no types
        def opendir(self, name: str) -> None:
            trail.append(name)
            super().opendir(name)

        def closedir(self) -> None:
            trail.pop()
            super().closedir()

        def mkfile(self, name: str, content: bytes) -> None:
            path = folder.joinpath(*trail, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
            super().mkfile(name, content)

    (folder / "identity.json").write_text(json.dumps(_IDENTITY))
    with mock.patch.object(build, "VfsRomWriter", Writer):
        return build.build_application().data


def _session(folder: Path, romfs: bytes) -> tuple[float, int]:
    """Seconds and bytes of the application and the node's files in an esptool session.

    Making the image and packing it are not in them: flash.py does that once, for all boards to
    come, as `mpremote` is given the same files ready made.
    """
    board = _Board(folder, "--line-speed")
    try:
        image = look_at(micropython_image("esp32", 4))
        parts = parts_of(Payload(image, romfs, _IDENTITY))
        packed = home_io.packed(romfs)
        with session(board.ports["rfc2217"], BAUD, lambda step, done, total: None) as found:
            found.erase()
            found.write(parts[:1])
            before, start_s = found.line_bytes, time.monotonic()
            found.write(parts[1:], {APPLICATION: packed})
            return time.monotonic() - start_s, found.line_bytes - before
    finally:
        board.close()


def _copied(folder: Path, files: Path) -> tuple[float, int]:
    """Seconds and bytes of `mpremote cp` of the same files."""
    (folder / "board").mkdir()
    image = look_at(micropython_image("esp32", 4, romfs=False))
    flash = b"\xff" * image.offset + image.data
    (folder / "board" / "flash.bin").write_bytes(flash.ljust(4 << 20, b"\xff"))
    board = _Board(folder)
    relay = _Relay(board.ports["pty"])
    try:
        start_s = time.monotonic()
        subprocess.run(
            [str(Path(sys.executable).parent / "mpremote"), "connect", relay.name, "fs", "cp",
             "-r", *map(str, sorted(files.iterdir())), ":"],
            check=True, stdout=subprocess.DEVNULL,
        )  # fmt: skip
        return time.monotonic() - start_s + relay.count * _BITS / BAUD, relay.count
    finally:
        relay.close()
        board.close()


def measure() -> list[Figure]:
    """Time and bytes of the application part, both ways."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for part in ("files", "ours", "theirs"):
            (folder / part).mkdir()
        romfs = _files(folder / "files")
        ours_s, ours_bytes = _session(folder / "ours", romfs)
        theirs_s, theirs_bytes = _copied(folder / "theirs", folder / "files")
    return [
        against("flash_application_s", ours_s, "s", theirs_s, goal=_GOAL, better="lower"),
        against(
            "flash_application_bytes", ours_bytes, "B", theirs_bytes, goal=None, better="lower"
        ),
    ]
