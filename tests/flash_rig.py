"""flash.py as a process, a laptop's folder with keys, and boards for it to work on."""

from __future__ import annotations

import functools
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from board_rig import BoardProcess
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from flasher.build import ROOT
from flasher.home_io import PASSPHRASE, Home
from hardware_sim.rom import micropython_image
from protocol import handover
from protocol.wire import controller_end

WORD = "correct horse"
SITE_KEY = bytes(range(32))
SIGNER = Ed25519PrivateKey.from_private_bytes(bytes(range(32, 64)))
_FLASH_S = 120


def key_of(node_id: str) -> str:
    """A node's key, as the controller makes it."""
    return controller_end.node_key(SITE_KEY, node_id).hex()


def batch_of(card: handover.Card, count: int, batch_id: str = "b-1") -> str:
    """A sealed batch of so many lamps."""
    nodes = [
        {"node_id": f"02aa0000{n:04x}", "asset_id": f"L-{n:04d}", "kind": "lamp",
         "key": key_of(f"02aa0000{n:04x}"), "lat": 50.8, "lon": 4.3}
        for n in range(1, count + 1)
    ]  # fmt: skip
    content = {
        "batch_id": batch_id, "site": "here", "broker": ["127.0.0.1", 9, 0], "nodes": nodes,
        "wifi": ["lamplighter", ""], "update_keys": [],
    }  # fmt: skip
    return handover.seal_batch(content, card, batch_id, SIGNER)


@functools.cache
def _application() -> dict[str, bytes]:
    """What the first laptop of a worker would build, by file name; the others have it at hand."""
    with tempfile.TemporaryDirectory() as folder:
        home = Home(Path(folder))
        home.images.mkdir(parents=True, exist_ok=True)
        return {path.name: path.read_bytes() for path in home.application()}


class FlashRig:
    """A laptop with keys for `count` lamps, and images of all chips in use."""

    def __init__(self, folder: Path, count: int, chips: tuple[str, ...] = ("esp32",)) -> None:
        self.folder = folder
        self.home = Home(folder / "laptop")
        self.card = self.home.init("van-3", WORD)
        self.home.images.mkdir(parents=True, exist_ok=True)
        for name, content in _application().items():
            (self.home.images / name).write_bytes(content)
        self.keys = folder / "job.keys"
        self.keys.write_text(batch_of(self.card, count))
        for chip in chips:
            path = folder / f"{chip}.bin"
            path.write_bytes(micropython_image(chip, 4))
            assert self.flash("image", "use", str(path)).returncode == 0
        self._boards: list[BoardProcess] = []

    def board(self, name: str, *options: str, chip: str = "esp32") -> BoardProcess:
        """A board, new or plugged in again."""
        board = BoardProcess(self.folder / name, chip, *options)
        self._boards.append(board)
        return board

    def close(self) -> None:
        """Stop all boards."""
        for board in self._boards:
            board.close()

    def _words(self, *words: str) -> list[str]:
        command = [sys.executable, str(ROOT / "flash.py"), *words]
        at_home = {"node", "batch", "image", "label", "aside", "laptop"}
        if words[0] not in at_home or words[:2] == ("image", "sign"):
            return command
        return [*command, "--home", str(self.home.folder)]

    def start(self, *words: str) -> subprocess.Popen[str]:
        """A command that runs."""
        return subprocess.Popen(
            self._words(*words), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            stdin=subprocess.DEVNULL, env={**os.environ, PASSPHRASE: WORD},
        )  # fmt: skip

    def flash(self, *words: str) -> subprocess.CompletedProcess[str]:
        """A command that has ended."""
        return subprocess.run(
            self._words(*words), capture_output=True, text=True, stdin=subprocess.DEVNULL,
            env={**os.environ, PASSPHRASE: WORD}, timeout=_FLASH_S, check=False,
        )  # fmt: skip

    def node(self, board: BoardProcess, *words: str) -> dict[str, Any]:
        """`node` on a board, as JSON, with its exit code as `exit`."""
        done = self.flash(
            "node", "--port", board.rfc2217, "--keys", str(self.keys), "--json", *words
        )
        assert done.stdout, done.stderr
        return {**json.loads(done.stdout), "exit": done.returncode}
