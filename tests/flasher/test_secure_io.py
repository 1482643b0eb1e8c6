"""Which part of a flash is encrypted, and where."""

from __future__ import annotations

import dataclasses
import random

import pytest

from flasher import secure_io
from flasher.build import ROOT
from flasher.image import MicroPython, look_at
from flasher.troubles import FlashError
from hardware_sim.rom import micropython_image
from hardware_sim.rom.crypt import Cipher

KEY = random.Random(31).randbytes(32)
TEXT = random.Random(32).randbytes(5000)
# In the table of our port: what is where, and whether it is encrypted.
NVS_AT, APPLICATION_AT, ROMFS_AT, VFS_AT = 0x9000, 0x10000, 0x1E0000, 0x2E0000


@pytest.fixture(params=["esp32", "esp32c3"])
def image(request: pytest.FixtureRequest) -> MicroPython:
    return look_at(micropython_image(request.param, 4))


def test_each_part_is_encrypted_as_the_table_says(image: MicroPython) -> None:
    xts = image.chip != "esp32"
    parts = [
        ("MicroPython", image.offset, image.data), ("application", ROMFS_AT, TEXT),
        ("NVS", NVS_AT, TEXT), ("identity", VFS_AT + 4096, TEXT),
    ]  # fmt: skip
    found = secure_io.sealed(parts, image.partitions, KEY, xts)
    cipher = Cipher(KEY, xts)
    places = {at: content for _, at, content in found}
    assert sorted(places) == [
        image.offset, 0x8000, NVS_AT, APPLICATION_AT, ROMFS_AT, VFS_AT + 4096,
    ]  # fmt: skip
    assert places[NVS_AT] == TEXT
    for at in (ROMFS_AT, VFS_AT + 4096):
        assert cipher.decrypted(at, places[at])[: len(TEXT)] == TEXT
    for at in (image.offset, 0x8000, APPLICATION_AT):
        seen = cipher.decrypted(at, places[at])
        start = at - image.offset
        assert seen == image.data[start : start + len(seen)].ljust(len(seen), b"\xff")


def test_nothing_of_the_image_is_left_out(image: MicroPython) -> None:
    found = secure_io.sealed(
        [("MicroPython", image.offset, image.data)], image.partitions, KEY, image.chip != "esp32"
    )
    whole = bytearray(b"\xff" * len(image.data))
    cipher = Cipher(KEY, image.chip != "esp32")
    for _, at, content in found:
        start = at - image.offset
        whole[start : start + len(content)] = cipher.decrypted(at, content)
    assert bytes(whole[: len(image.data)]) == image.data


def test_what_leaves_nvs_in_clear_is_built_so() -> None:
    """flash.py writes NVS in clear, and our table has no place for keys of it."""
    port = ROOT / "firmware" / "port" / "LAMPLIGHTER_ESP32"
    options = dict(
        line.split("=", 1)
        for line in (port / "sdkconfig.secure").read_text().splitlines()
        if line and not line.startswith("#")
    )
    assert options["CONFIG_SECURE_FLASH_ENC_ENABLED"] == "y"
    assert options["CONFIG_NVS_ENCRYPTION"] == "n"
    rows = [
        line.split(",")
        for line in (port / "partitions.csv").read_text().splitlines()
        if not line.startswith("#")
    ]
    assert not [row for row in rows if row[2] == "nvs_keys"]
    assert [row[5:] for row in rows if row[2] == "nvs"] == [[]]


def test_a_table_that_leaves_keys_in_clear_is_refused(image: MicroPython) -> None:
    secure_io.must_be_marked(image)
    rows = tuple(dataclasses.replace(row, flags=0) for row in image.partitions)
    with pytest.raises(FlashError, match="does not mark romfs and vfs as encrypted") as caught:
        secure_io.must_be_marked(dataclasses.replace(image, partitions=rows))
    assert (caught.value.code, caught.value.name) == (4, "not marked")
