"""The parts of flash that make a board one certain node: its littlefs and its NVS."""

from __future__ import annotations

import csv
import io
import json
import tempfile
from argparse import Namespace
from collections.abc import Callable, Mapping
from contextlib import redirect_stdout
from pathlib import Path

from littlefs import LittleFS, UserContext

BLOCK_SIZE = 4096
_IDENTITY = "/identity.json"
_MARK = b"littlefs"  # In one of its two first blocks at least.
_READ_ONLY = -30  # EROFS
_NVS_NAMESPACE = "lamplighter"
_NVS_VERSION = 2
_DISK_VERSION = 0x00020000  # MicroPython's littlefs reads no newer one.


def littlefs_runs(size: int, identity: Mapping[str, object]) -> list[tuple[int, bytes]]:
    """A file system of this size with the identity: (offset, content) of what is not blank.

    littlefs takes blocks all over its partition; an erased flash has the others already.
    """
    fs = LittleFS(
        block_size=BLOCK_SIZE, block_count=size // BLOCK_SIZE, read_size=32, prog_size=32,
        cache_size=128, lookahead_size=32, disk_version=_DISK_VERSION,
    )  # fmt: skip
    with fs.open(_IDENTITY, "w") as file:
        file.write(json.dumps(identity))
    return runs(bytes(fs.context.buffer))


def runs(data: bytes) -> list[tuple[int, bytes]]:
    """The blocks that are not blank, neighbours together."""
    found: list[tuple[int, bytes]] = []
    for at in range(0, len(data), BLOCK_SIZE):
        block = data[at : at + BLOCK_SIZE]
        if not block.strip(b"\xff"):
            continue
        if found and found[-1][0] + len(found[-1][1]) == at:
            found[-1] = (found[-1][0], found[-1][1] + block)
        else:
            found.append((at, block))
    return found


class _Board(UserContext):
    """A file system that is read from a board, block by block, as far as it is needed."""

    def __init__(self, size: int, read: Callable[[int, int], bytes]) -> None:
        super().__init__(size)
        self._read = read
        self._blocks: dict[int, bytes] = {}

    def read(self, cfg: object, block: int, off: int, size: int) -> bytearray:
        if block not in self._blocks:
            self._blocks[block] = self._read(block * BLOCK_SIZE, BLOCK_SIZE)
        return bytearray(self._blocks[block][off : off + size])

    def prog(self, cfg: object, block: int, off: int, data: bytes) -> int:
        return _READ_ONLY

    def erase(self, cfg: object, block: int) -> int:
        return _READ_ONLY

    def sync(self, cfg: object) -> int:
        return 0


def read_identity(size: int, read: Callable[[int, int], bytes]) -> dict[str, object]:
    """The identity in a file system of this size; read: (offset, size) of it. {} without one."""
    if not any(read(at, 16)[8:] == _MARK for at in (0, BLOCK_SIZE)):
        return {}
    fs = LittleFS(
        context=_Board(size, read), block_size=BLOCK_SIZE, block_count=size // BLOCK_SIZE,
        read_size=32, prog_size=32, cache_size=128, lookahead_size=32, mount=False,
    )  # fmt: skip
    try:
        fs.mount()
        with fs.open(_IDENTITY, "r") as file:
            found = json.loads(file.read())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def nvs_image(size: int, values: Mapping[str, str]) -> bytes:
    """An NVS partition with texts in our namespace: who the node is, if its files are lost."""
    from esp_idf_nvs_partition_gen import (  # type: ignore[import-untyped] # it ships none
        nvs_partition_gen,
    )

    with tempfile.TemporaryDirectory() as folder:
        rows = Path(folder) / "nvs.csv"
        with rows.open("w", newline="") as file:
            table = csv.writer(file)
            table.writerow(["key", "type", "encoding", "value"])
            table.writerow([_NVS_NAMESPACE, "namespace", "", ""])
            for name, value in values.items():
                table.writerow([name, "data", "string", value])
        wish = Namespace(
            input=str(rows), output="nvs.bin", size=hex(size), version=_NVS_VERSION, outdir=folder
        )
        with redirect_stdout(io.StringIO()):
            nvs_partition_gen.generate(wish)
        return (Path(folder) / "nvs.bin").read_bytes()
