"""The parts of flash that make a board one certain node: its littlefs and its NVS."""

from __future__ import annotations

import csv
import io
import json
import tempfile
from argparse import Namespace
from collections.abc import Mapping
from contextlib import redirect_stdout
from pathlib import Path

from littlefs import LittleFS

BLOCK_SIZE = 4096
_IDENTITY = "/identity.json"
_NVS_NAMESPACE = "lamplighter"
_NVS_VERSION = 2
_DISK_VERSION = 0x00020000  # MicroPython's littlefs reads no newer one.


def littlefs_image(size: int, identity: Mapping[str, object]) -> bytes:
    """A file system of this size with the identity, cut behind its last block that is in use.

    What is behind is blank, as an erased flash has it.
    """
    fs = LittleFS(
        block_size=BLOCK_SIZE, block_count=size // BLOCK_SIZE, read_size=32, prog_size=32,
        cache_size=128, lookahead_size=32, disk_version=_DISK_VERSION,
    )  # fmt: skip
    with fs.open(_IDENTITY, "w") as file:
        file.write(json.dumps(identity))
    data = bytes(fs.context.buffer)
    used = len(data.rstrip(b"\xff"))
    return data[: -(-used // BLOCK_SIZE) * BLOCK_SIZE]


def read_identity(data: bytes) -> dict[str, object]:
    """The identity in a file system that was read from a board; {} when there is none."""
    fs = LittleFS(
        block_size=BLOCK_SIZE, block_count=len(data) // BLOCK_SIZE, read_size=32, prog_size=32,
        cache_size=128, lookahead_size=32, mount=False,
    )  # fmt: skip
    fs.context.buffer = bytearray(data)
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
