"""Boards that are plugged in one after the other while a batch watches its ports."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from flasher import batch_io, ports_io
from flasher.batch_io import DONE, FAILED, Batch, Slot
from flasher.maker_io import Made, Maker
from flasher.ports_io import PortRow
from flasher.troubles import told

PORT = "/dev/ttyUSB0"


class Bench:
    """A person at one port: takes each board off when it is through, and plugs in the next."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, boards: list[str]) -> None:
        self.boards = boards
        self.made: list[str] = []
        self.wanted = len([name for name in boards if name != "broken"])
        self.looks = 0
        self.crew = SimpleNamespace(end=lambda: None)
        monkeypatch.setattr(batch_io, "_LOOK_S", 0.001)
        monkeypatch.setattr(ports_io, "ports", self.ports)

    def ports(self) -> list[PortRow]:
        """Gone at every other look, and back with the next board."""
        self.looks += 1
        return [PortRow(PORT, "CP210x")] if self.looks % 2 == 0 else []

    def left(self) -> bool:
        return len(self.made) < self.wanted

    def make(self, port: str, tell: Any) -> Made:
        assert port == PORT
        name = self.boards.pop(0)
        tell("write", 1, 2)
        if name == "broken":
            raise told("MD5 of file does not match")
        self.made.append(name)
        return cast(Made, SimpleNamespace(asset_id=name, result={"mac": name, "seconds": 1}))


def run(bench: Bench, *, watch: bool) -> tuple[Batch, list[tuple[str, str]]]:
    seen: list[tuple[str, str]] = []

    def changed(slot: Slot) -> None:
        if not seen or seen[-1] != (slot.state, slot.asset_id):
            seen.append((slot.state, slot.asset_id))

    batch = Batch(cast(Maker, bench), [PORT], 1, changed)
    batch.run(retries=0, patience_s=0, watch=bench.left if watch else None)
    return batch, seen


def test_boards_follow_each_other_until_no_asset_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    bench = Bench(monkeypatch, ["L-1", "L-2", "L-3", "never"])
    bench.wanted = 3
    batch, seen = run(bench, watch=True)
    assert bench.made == ["L-1", "L-2", "L-3"]
    assert bench.boards == ["never"], "who is done asks for no further board"
    assert [asset for state, asset in seen if state == DONE] == ["L-1", "L-2", "L-3"]
    assert [made.asset_id for made in batch.slots[0].made] == ["L-1", "L-2", "L-3"]


def test_a_broken_board_makes_room_for_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    bench = Bench(monkeypatch, ["L-1", "broken", "L-2"])
    _, seen = run(bench, watch=True)
    assert bench.made == ["L-1", "L-2"]
    assert FAILED in [state for state, _ in seen]


def test_without_watching_each_port_has_one_board(monkeypatch: pytest.MonkeyPatch) -> None:
    bench = Bench(monkeypatch, ["L-1", "L-2"])
    run(bench, watch=False)
    assert bench.made == ["L-1"]
