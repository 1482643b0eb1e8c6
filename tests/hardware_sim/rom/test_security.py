"""What burnt eFuses do: which flash boots, whose images, and what the ROM still answers."""

from __future__ import annotations

import io
import random
import struct
from pathlib import Path

import espsecure
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from hardware_sim.rom.bootrom import INVALID_MESSAGE, BootRom
from hardware_sim.rom.chips import CHIPS, stub_entries
from hardware_sim.rom.efuses import Efuses, factory
from hardware_sim.rom.flash import Flash
from hardware_sim.rom.image import NotBootable, installed, micropython_image
from hardware_sim.rom.memory import Memory
from hardware_sim.rom.security import Security

NAMES = sorted(CHIPS)
MAC = bytes.fromhex("246f28010203")
KEY = random.Random(14).randbytes(32)
# Of each chip: (word of block 0, value) that turns encryption or secure boot on.
CRYPT = {"esp32": ((0, 1 << 20), (5, 0xF << 28)), "esp32s3": ((2, 1 << 18 | 4 << 24),)}
SECURE = {"esp32": ((6, 1 << 5),), "esp32s3": ((2, 9 << 28), (3, 1 << 20))}
CRYPT["esp32c3"], SECURE["esp32c3"] = CRYPT["esp32s3"], SECURE["esp32s3"]
APPLICATION_AT = 0x10000


@pytest.fixture(scope="module")
def signer() -> bytes:
    key = rsa.generate_private_key(65537, 3072)
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )  # fmt: skip


def chip_with(name: str, *more: tuple[int, bytes]) -> tuple[bytearray, Efuses]:
    """eFuses of revision 3 with key blocks (block, content) as they lie there."""
    chip = CHIPS[name]
    memory = factory(chip, MAC, revision=3)
    for block, content in more:
        at = chip.efuses.blocks[block][0]
        memory[at : at + len(content)] = content
    return memory, Efuses(chip, memory)


def order(memory: bytearray, name: str, words: tuple[tuple[int, int], ...]) -> None:
    for word, value in words:
        at = CHIPS[name].efuses.blocks[0][0] + 4 * word
        held = struct.unpack_from("<I", memory, at)[0]
        struct.pack_into("<I", memory, at, held | value)


def flash_of(name: str, content: bytes) -> Flash:
    flash = Flash(bytearray(b"\xff" * (4 << 20)))
    flash.program(CHIPS[name].bootloader_offset, content)
    return flash


def sealed(name: str, content: bytes) -> bytes:
    out = io.BytesIO()
    at = CHIPS[name].bootloader_offset
    content += b"\xff" * (-len(content) % 16)
    espsecure.encrypt_flash_data(
        io.BytesIO(KEY), out, at, 0xF, name != "esp32", io.BytesIO(content)
    )
    return out.getvalue()


def key_block(name: str, number: int = 0) -> int:
    return number + (1 if name == "esp32" else 4)


@pytest.mark.parametrize("name", NAMES)
def test_a_chip_with_encryption_boots_ciphertext_and_no_plain_image(name: str) -> None:
    memory, efuses = chip_with(name, (key_block(name), KEY[::-1]))
    plain = micropython_image(name, 4)
    order(memory, name, CRYPT[name])
    security = Security(CHIPS[name], efuses)
    assert installed(CHIPS[name], flash_of(name, sealed(name, plain)), security).micropython
    with pytest.raises(NotBootable, match="invalid header: 0x"):
        installed(CHIPS[name], flash_of(name, plain), security)


@pytest.mark.parametrize("name", NAMES)
def test_ciphertext_boots_only_when_encryption_is_on(name: str) -> None:
    _, efuses = chip_with(name, (key_block(name), KEY[::-1]))
    flash = flash_of(name, sealed(name, micropython_image(name, 4)))
    with pytest.raises(NotBootable, match="invalid header: 0x"):
        installed(CHIPS[name], flash, Security(CHIPS[name], efuses))


def signed_by_espsecure(content: bytes, pem: bytes, folder: Path) -> bytes:
    plain, out, key = folder / "plain.bin", folder / "signed.bin", folder / "key.pem"
    plain.write_bytes(content)
    key.write_bytes(pem)
    with plain.open("rb") as data, key.open("rb") as file:
        espsecure.sign_data("2", [file], str(out), False, False, None, [], [], data)
    return out.read_bytes()


def whole(name: str, loader: bytes, application: bytes) -> Flash:
    image = micropython_image(name, 4)
    start = CHIPS[name].bootloader_offset
    flash = Flash(bytearray(b"\xff" * (4 << 20)))
    flash.program(0x8000, image[0x8000 - start : APPLICATION_AT - start])
    flash.program(start, loader)
    flash.program(APPLICATION_AT, application)
    return flash


def parts(name: str) -> tuple[bytes, bytes]:
    image = micropython_image(name, 4)
    start = CHIPS[name].bootloader_offset
    return image[: 0x8000 - start].rstrip(b"\xff"), image[APPLICATION_AT - start :]


def digest_of(pem: bytes) -> bytes:
    return bytes(espsecure._digest_sbv2_public_key(io.BytesIO(pem)))


@pytest.mark.parametrize("name", ["esp32", "esp32c3"])
def test_secure_boot_boots_what_the_burnt_key_has_signed(
    name: str, signer: bytes, tmp_path: Path
) -> None:
    block = 2 if name == "esp32" else 5
    memory, efuses = chip_with(name, (block, digest_of(signer)))
    order(memory, name, SECURE[name])
    security = Security(CHIPS[name], efuses)
    loader, application = parts(name)
    good = [signed_by_espsecure(part, signer, tmp_path) for part in (loader, application)]
    assert installed(CHIPS[name], whole(name, good[0], good[1]), security).micropython
    with pytest.raises(NotBootable, match=r"found 0xff not 0xe7.*\r\n.*boot verification failed"):
        installed(CHIPS[name], whole(name, loader, good[1]), security)
    with pytest.raises(NotBootable, match=r"secure_boot_v2.*\r\n.*Secure boot signature"):
        installed(CHIPS[name], whole(name, good[0], application), security)
    changed = bytearray(good[1])
    changed[0x800] = 0  # Of what fills the last sector up: the image alone would pass.
    with pytest.raises(NotBootable, match="Image digest does not match"):
        installed(CHIPS[name], whole(name, good[0], bytes(changed)), security)


def test_another_key_boots_nothing(signer: bytes, tmp_path: Path) -> None:
    name = "esp32s3"
    memory, efuses = chip_with(name, (5, bytes(range(32))))
    order(memory, name, SECURE[name])
    good = [signed_by_espsecure(part, signer, tmp_path) for part in parts(name)]
    with pytest.raises(NotBootable, match="untrusted key"):
        installed(CHIPS[name], whole(name, good[0], good[1]), Security(CHIPS[name], efuses))


def test_an_esp32_before_revision_3_knows_no_secure_boot_v2() -> None:
    memory = factory(CHIPS["esp32"], MAC)
    order(memory, "esp32", SECURE["esp32"])
    assert Security(CHIPS["esp32"], Efuses(CHIPS["esp32"], memory)).digests is None


def test_security_info_tells_what_is_burnt() -> None:
    memory, efuses = chip_with("esp32s3", (4, KEY))
    order(memory, "esp32s3", (*CRYPT["esp32s3"], *SECURE["esp32s3"], (4, 1 << 5), (1, 1 << 19)))
    flags, count, purposes = Security(CHIPS["esp32s3"], efuses).told()
    assert flags == 0b1000_0101
    assert count == 1
    assert purposes == bytes([4, 9, 0, 0, 0, 0, 0])


def test_secure_download_answers_nothing_of_memory() -> None:
    chip = CHIPS["esp32c3"]
    memory, efuses = chip_with("esp32c3")
    flash = Flash(bytearray(b"\xff" * 8192))
    rom = BootRom(chip, flash, Memory(chip, flash, efuses), stub_entries(chip))

    def asked(operation: int, data: bytes) -> bytes:
        head = struct.pack("<BBHI", 0, operation, len(data), 0)
        return rom.request(head + data).answers[0][-4:]

    register = struct.pack("<I", 0x60008830)
    assert asked(0x0A, register) == bytes(4)
    order(memory, "esp32c3", ((4, 1 << 5),))
    assert asked(0x0A, register) == bytes([1, INVALID_MESSAGE, 0, 0])
    assert asked(0x05, bytes(16)) == bytes([1, INVALID_MESSAGE, 0, 0])
    assert asked(0x0D, bytes(8)) == bytes(4)
    assert asked(0x14, b"") == bytes(4)


def burn(efuses: Efuses, name: str, block: int, words: dict[int, int]) -> None:
    layout = CHIPS[name].efuses
    for _, count, source in layout.blocks:
        for word in range(count):
            efuses.write(layout.base + source + 4 * word, 0)
    efuses.write(layout.base + layout.config, 0x5A5A)
    for word, value in words.items():
        efuses.write(layout.base + layout.blocks[block][2] + 4 * word, value)
    efuses.write(layout.base + layout.command, 2 | block << 2)


@pytest.mark.parametrize(("name", "word", "bit"), [("esp32", 0, 1 << 16), ("esp32c3", 1, 1)])
def test_a_protected_field_takes_no_more_bits(name: str, word: int, bit: int) -> None:
    _, efuses = chip_with(name)
    burn(efuses, name, 0, {0: 1})  # Of RD_DIS.
    before = efuses.block(0)
    burn(efuses, name, 0, {word: bit})
    assert efuses.block(0) == before


@pytest.mark.parametrize("torn", [False, True])
def test_power_ends_at_the_burn_that_was_said(torn: bool) -> None:
    _, efuses = chip_with("esp32")
    efuses.end_power(2, torn=torn)
    burn(efuses, "esp32", 3, {0: 0xFF})
    assert not efuses.struck
    burn(efuses, "esp32", 3, {1: 0xFF})
    assert efuses.struck
    assert efuses.block(3)[:8] == bytes([0xFF, 0, 0, 0, 0x55 if torn else 0xFF, 0, 0, 0])
