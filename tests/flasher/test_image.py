"""Images: what they are for, where things lie in them, and why one is refused."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flasher.image import fits, look_at
from flasher.troubles import FlashError
from hardware_sim.rom import micropython_image

IMAGE = micropython_image("esp32", 4)


@pytest.mark.parametrize("chip", ["esp32", "esp32s3", "esp32c3"])
def test_an_image_tells_its_chip_version_and_places(chip: str) -> None:
    image = look_at(micropython_image(chip, 8))
    assert (image.chip, image.version, image.flash_mb) == (chip, "v1.29.0", 8)
    assert image.offset == (0x1000 if chip == "esp32" else 0)
    assert image.place("romfs", 1000) == 0x1E0000
    with pytest.raises(FlashError, match="do not fit"):
        image.place("romfs", 1 << 24)


def test_an_image_without_romfs_is_told_by_name() -> None:
    image = look_at(micropython_image("esp32", 4, romfs=False))
    assert not image.has_romfs
    with pytest.raises(FlashError) as caught:
        image.place("romfs", 1)
    assert (caught.value.name, caught.value.code) == ("no ROMFS", 4)


def test_other_chips_and_smaller_flashes_are_refused() -> None:
    image = look_at(IMAGE)
    fits(image, "esp32", 4)
    for chip, size_mb, name in (("esp32c3", 4, "wrong chip"), ("esp32", 2, "small flash")):
        with pytest.raises(FlashError) as caught:
            fits(image, chip, size_mb)
        assert (caught.value.name, caught.value.code) == (name, 4)


@settings(max_examples=80, deadline=None)
@given(st.binary(max_size=64), st.integers(0, 0x9000))
def test_no_bytes_crash_the_look(piece: bytes, at: int) -> None:
    for data in (piece, IMAGE[:at], IMAGE[:at] + piece + IMAGE[at + len(piece) :]):
        try:
            found = look_at(data).chip
        except FlashError as error:
            found = str(error)
        assert found
