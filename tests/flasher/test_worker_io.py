"""What a worker makes of its parent's order, before anything is written."""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from flasher import jobs_io, worker_io
from flasher.secure import Wish
from flasher.session_io import Found
from flasher.troubles import FlashError
from hardware_sim.rom import micropython_image

IMAGE = micropython_image("esp32", 4)
IDENTITY = {"node_id": "02aa00000001", "site": "here", "kind": "lamp"}
FOUND = cast(
    Found, SimpleNamespace(chip="esp32", flash_mb=4, mac="aa", fuses=SimpleNamespace(
        secured=False, begun=False, encrypts=False)),
)  # fmt: skip


@pytest.fixture
def order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """The parent's order, with its files."""
    monkeypatch.setattr(worker_io, "_tell", lambda **_: None)
    files = {"micropython": IMAGE, "application": b"a" * 5000, "packed": b"small"}
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    return {
        "identity": IDENTITY, "micropython_sha256": hashlib.sha256(IMAGE).hexdigest(),
        **{name: str(tmp_path / name) for name in files},
    }  # fmt: skip


def test_an_image_that_was_exchanged_meanwhile_is_refused(order: dict[str, Any]) -> None:
    Path(order["micropython"]).write_bytes(IMAGE + b"\xff")
    worker_io._said.put(json.dumps(order))
    with pytest.raises(FlashError, match="another image than it was"):
        worker_io._ask(FOUND, Wish())


def test_the_application_goes_packed_to_the_board(
    order: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    worker_io._said.put(json.dumps(order))
    payload = worker_io._ask(FOUND, Wish())
    assert (payload.application, payload.packed) == (b"a" * 5000, b"small")
    written: list[Any] = []

    class Written(Exception):
        """All that this test wants to see."""

    def write(parts: list[Any], packed: dict[str, bytes]) -> None:
        written.append(({name for name, _, _ in parts}, packed))
        raise Written

    board = SimpleNamespace(found=FOUND, erase=lambda: None, write=write)

    @contextlib.contextmanager
    def session(*_: object) -> Iterator[Any]:
        yield board

    monkeypatch.setattr(jobs_io, "session", session)
    monkeypatch.setattr(jobs_io, "suits", lambda *_: None)
    with pytest.raises(Written):
        jobs_io.flash_node("port", 460800, lambda _: payload, lambda _: None, lambda *_: None)
    ((names, packed),) = written
    assert packed == {"application": b"small"}
    assert "application" in names
