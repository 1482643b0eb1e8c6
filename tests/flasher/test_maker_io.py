"""Who becomes what, as the parent of the workers decides it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from flasher.home_io import Home
from flasher.image import look_at
from flasher.journal_io import Journal, Wish
from flasher.maker_io import Maker, Wishes
from flasher.papers import Job
from flasher.troubles import FlashError
from hardware_sim.rom import micropython_image
from protocol import handover

IDENTITIES = [Wish(f"02aa0000000{n}", f"L-000{n}", "b-1") for n in (1, 2)]
REFUSAL = ["Keys are burnt into this board.", 4, "locked"]
Given = Mapping[str, Any]


class Ended(Exception):
    """The worker is not played any further."""


@pytest.fixture
def maker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Maker:
    monkeypatch.setattr(Home, "application", lambda home: home.folder / "application.romfs")
    home = Home(tmp_path)
    job = SimpleNamespace(
        wishes=lambda: IDENTITIES, identity=lambda node_id: {"node_id": node_id}
    )  # fmt: skip
    image = look_at(micropython_image("esp32", 4))
    return Maker(
        home, cast(Job, job), Journal(tmp_path / "journal.db"), cast(handover.Laptop, None),
        Wishes(460800), {"esp32": (tmp_path / "image.bin", image)},
    )  # fmt: skip


def given(maker: Maker, mac: str, refusal: list[object] | None = None) -> str:
    """The identity that a board's worker is told, when its eFuses let it be made or not."""
    told: list[Given] = []

    def work(job: Given, order: Callable[[Given], Given], tell: object) -> Given:
        assert job["wish"] == {"flash_encryption": False, "secure_boot": ""}
        found = {"mac": mac, "chip": "esp32", "flash_mb": 4, "secured": False, "begun": False}
        told.append(order({**found, "refusal": refusal}))
        raise Ended

    maker.crew = cast(Any, SimpleNamespace(work=work))
    with pytest.raises(Ended):
        maker.make("a port", lambda *_: None)
    return str(told[0]["identity"]["node_id"])


def test_boards_that_are_refused_leave_all_identities_to_others(maker: Maker) -> None:
    for mac in ("aa", "bb"):
        with pytest.raises(FlashError, match="Keys are burnt") as caught:
            given(maker, mac, list(REFUSAL))
        assert (caught.value.code, caught.value.name) == (4, "locked")
    assert given(maker, "cc") == "02aa00000001"


def test_a_board_that_the_journal_knows_is_left_to_its_worker(maker: Maker) -> None:
    """It may be half-burnt by us: the worker has its record, and compares."""
    assert given(maker, "aa") == "02aa00000001"
    assert given(maker, "aa", list(REFUSAL)) == "02aa00000001"
    assert given(maker, "bb") == "02aa00000002"
