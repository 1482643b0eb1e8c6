"""Who becomes what, as the parent of the workers decides it."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from flasher import secure
from flasher.home_io import Home
from flasher.image import MicroPython, look_at
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


IMAGE = look_at(micropython_image("esp32", 4))
UNMARKED = dataclasses.replace(
    IMAGE, partitions=tuple(dataclasses.replace(row, flags=0) for row in IMAGE.partitions)
)
Make = Callable[..., Maker]


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Make:
    """Makes the maker of a job of two boards: with this image, and this wish."""
    application = tmp_path / "application.romfs"
    application.write_bytes(bytes(200_000))
    monkeypatch.setattr(Home, "application", lambda home: (application, application))
    home = Home(tmp_path)
    job = SimpleNamespace(
        wishes=lambda: IDENTITIES, identity=lambda node_id: {"node_id": node_id}
    )  # fmt: skip

    def make(image: MicroPython = IMAGE, **wish: Any) -> Maker:
        return Maker(
            home, cast(Job, job), Journal(tmp_path / "journal.db"), cast(handover.Laptop, None),
            Wishes(460800, wish=secure.Wish(**wish)), {"esp32": (tmp_path / "image.bin", image)},
        )  # fmt: skip

    return make


@pytest.fixture
def maker(made: Make) -> Maker:
    return made()


def given(maker: Maker, mac: str, refusal: list[object] | None = None) -> str:
    """The identity that a board's worker is told, when its eFuses let it be made or not."""
    told: list[Given] = []

    def work(job: Given, order: Callable[[Given], Given], tell: object) -> Given:
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


def without(*names: str) -> MicroPython:
    """The image without some partitions."""
    rows = tuple(row for row in IMAGE.partitions if row.name not in names)
    return dataclasses.replace(IMAGE, partitions=rows)


def small(name: str) -> MicroPython:
    """The image with a partition of one sector."""
    rows = tuple(
        dataclasses.replace(row, size=4096) if row.name == name else row
        for row in IMAGE.partitions
    )
    return dataclasses.replace(IMAGE, partitions=rows)


@pytest.mark.parametrize(
    ("image", "wish", "words"),
    [
        (without("romfs"), {}, "no partition `romfs`"),
        (small("romfs"), {}, "do not fit the partition romfs"),
        (without("vfs"), {}, "vfs"),
        (IMAGE, {"digest": bytes(32)}, "sign"),
        (UNMARKED, {"flash_encryption": True}, "encrypted"),
    ],
    ids=["no romfs", "small romfs", "no files", "not signed", "not marked"],
)
def test_an_image_that_no_board_can_take_uses_up_no_identity(
    made: Make, image: MicroPython, wish: dict[str, Any], words: str
) -> None:
    with pytest.raises(FlashError, match=words):
        given(made(image, **wish), "aa")
    assert given(made(), "bb") == "02aa00000001"


def test_a_board_that_the_journal_knows_is_left_to_its_worker(maker: Maker) -> None:
    """It may be half-burnt by us: the worker has its record, and compares."""
    assert given(maker, "aa") == "02aa00000001"
    assert given(maker, "aa", list(REFUSAL)) == "02aa00000001"
    assert given(maker, "bb") == "02aa00000002"
