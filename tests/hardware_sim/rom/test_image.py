"""Images: what is made boots, and what is broken says why it does not."""

from __future__ import annotations

import pytest

from hardware_sim.rom.chips import CHIPS
from hardware_sim.rom.flash import Flash
from hardware_sim.rom.image import NotBootable, installed, micropython_image


def flashed(name: str, *, romfs: bool = True) -> Flash:
    flash = Flash(bytearray(b"\xff" * (4 << 20)))
    flash.program(CHIPS[name].bootloader_offset, micropython_image(name, 4, romfs=romfs))
    return flash


@pytest.mark.parametrize("name", sorted(CHIPS))
@pytest.mark.parametrize("romfs", [True, False])
def test_what_is_flashed_is_found(name: str, romfs: bool) -> None:
    found = installed(CHIPS[name], flashed(name, romfs=romfs))
    assert found.micropython
    assert found.romfs == romfs
    assert (found.partition("romfs") is not None) == romfs
    assert found.partition("vfs") is not None


@pytest.mark.parametrize(
    ("at", "words"),
    [
        (0x1000, "invalid header: 0x"),
        (0x1020, "ets_main.c"),
        (0x8000, "partition table"),
        (0x10000, "invalid magic byte"),
        (0x10030, "Checksum failed"),
    ],
)
def test_a_cleared_byte_is_told_by_what_it_broke(at: int, words: str) -> None:
    flash = flashed("esp32")
    flash.program(at, b"\0")
    with pytest.raises(NotBootable, match=words):
        installed(CHIPS["esp32"], flash)


def test_another_chips_image_is_not_booted() -> None:
    flash = Flash(bytearray(b"\xff" * (4 << 20)))
    flash.program(0, micropython_image("esp32c3", 4))
    with pytest.raises(NotBootable, match="chip ID"):
        installed(CHIPS["esp32s3"], flash)
