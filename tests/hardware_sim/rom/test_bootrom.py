"""The boot ROM, packet by packet, and under packets that nobody should send."""

from __future__ import annotations

import hashlib
import struct
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hardware_sim.rom.bootrom import BootRom, Outcome
from hardware_sim.rom.chips import CHIPS, stub_entries
from hardware_sim.rom.efuses import Efuses, factory
from hardware_sim.rom.flash import Flash
from hardware_sim.rom.memory import Memory

MAC = bytes.fromhex("246f28010203")
SYNC = b"\x07\x07\x12\x20" + b"\x55" * 32
CONTENT = bytes(range(256)) * 40


def rom_of(name: str = "esp32", size: int = 1 << 18) -> BootRom:
    chip = CHIPS[name]
    flash = Flash(bytearray(b"\xff" * size))
    memory = Memory(chip, flash, Efuses(chip, factory(chip, MAC)))
    return BootRom(chip, flash, memory, stub_entries(chip))


def ask(rom: BootRom, operation: int, data: bytes = b"", checksum: int = 0) -> Outcome:
    return rom.request(struct.pack("<BBHI", 0, operation, len(data), checksum) + data)


def value(outcome: Outcome) -> int:
    return int(struct.unpack_from("<I", outcome.answers[0], 4)[0])


def failed(outcome: Outcome, status_size: int = 4) -> int:
    """0, or the reason."""
    status = outcome.answers[0][-status_size:]
    return status[1] if status[0] else 0


def block(rom: BootRom, operation: int, content: bytes, sequence: int = 0) -> Outcome:
    checksum = 0xEF
    for byte in content:
        checksum ^= byte
    head = struct.pack("<IIII", len(content), sequence, 0, 0)
    return ask(rom, operation, head + content, checksum)


def with_stub(name: str = "esp32") -> BootRom:
    rom = rom_of(name)
    entry = min(stub_entries(CHIPS[name]))
    ask(rom, 0x05, struct.pack("<IIII", 4, 1, 0x1800, entry))
    block(rom, 0x07, b"stub")
    assert ask(rom, 0x06, struct.pack("<II", 0, entry)).answers[1] == b"OHAI"
    return rom


def test_a_sync_is_answered_eight_times() -> None:
    assert len(ask(rom_of(), 0x08, SYNC).answers) == 8
    assert value(ask(rom_of(), 0x08, SYNC)) != 0
    assert value(ask(with_stub(), 0x08, SYNC)) == 0


@pytest.mark.parametrize("name", sorted(CHIPS))
def test_the_magic_register_tells_the_chip(name: str) -> None:
    assert value(ask(rom_of(name), 0x0A, struct.pack("<I", 0x40001000))) == CHIPS[name].magic


def test_the_security_info_is_unknown_to_the_esp32() -> None:
    assert failed(ask(rom_of("esp32"), 0x14)) == 5
    answer = ask(rom_of("esp32c3"), 0x14).answers[0]
    assert struct.unpack_from("<I", answer, 8 + 12)[0] == 5


def test_a_masked_write_leaves_the_other_bits() -> None:
    rom = rom_of()
    for data, mask in ((0xAAAAAAAA, 0xFFFFFFFF), (0x5555, 0xFF)):
        ask(rom, 0x09, struct.pack("<IIII", 0x3FFB0000, data, mask, 0))
    assert value(ask(rom, 0x0A, struct.pack("<I", 0x3FFB0000))) == 0xAAAAAA55


@pytest.mark.parametrize("stub", [False, True])
@pytest.mark.parametrize("deflated", [False, True])
def test_blocks_are_written_and_their_digest_told(stub: bool, deflated: bool) -> None:
    rom = with_stub() if stub else rom_of()
    ask(rom, 0x0D, bytes(8))
    content = zlib.compress(CONTENT) if deflated else CONTENT
    head = struct.pack("<IIII", len(CONTENT), 1, 0x4000, 0x2000) + (bytes(4) if stub else b"")
    assert not failed(ask(rom, 0x10 if deflated else 0x02, head), 2 if stub else 4)
    assert not failed(block(rom, 0x11 if deflated else 0x03, content), 2 if stub else 4)
    answer = ask(rom, 0x13, struct.pack("<IIII", 0x2000, len(CONTENT), 0, 0)).answers[0]
    digest = hashlib.md5(CONTENT)
    wanted = digest.digest() if stub else digest.hexdigest().encode()
    assert answer[8:].startswith(wanted)


def test_a_block_with_a_wrong_checksum_is_refused() -> None:
    rom = with_stub()
    ask(rom, 0x02, struct.pack("<IIIII", 16, 1, 0x4000, 0, 0))
    assert failed(ask(rom, 0x03, struct.pack("<IIII", 4, 0, 0, 0) + b"abcd", 1), 2) == 7


def test_more_than_was_announced_is_refused() -> None:
    rom = with_stub()
    ask(rom, 0x10, struct.pack("<IIIII", 100, 1, 0x4000, 0, 0))
    assert failed(block(rom, 0x11, zlib.compress(CONTENT)), 2)


def test_a_write_over_the_end_is_refused() -> None:
    rom = with_stub()
    head = struct.pack("<IIIII", 0x10000, 1, 0x4000, (1 << 18) - 4096, 0)
    assert failed(ask(rom, 0x02, head), 2)


def test_flash_needs_its_pins_attached() -> None:
    rom = rom_of()
    assert failed(ask(rom, 0x02, struct.pack("<IIII", 16, 1, 0x400, 0)))
    ask(rom, 0x0D, bytes(8))
    assert not failed(ask(rom, 0x02, struct.pack("<IIII", 16, 1, 0x400, 0)))


def test_a_read_waits_for_acknowledgements() -> None:
    rom = with_stub()
    ask(rom, 0x02, struct.pack("<IIIII", len(CONTENT), 1, 0x4000, 0, 0))
    block(rom, 0x03, CONTENT)
    first = ask(rom, 0xD2, struct.pack("<IIII", 0, len(CONTENT), 4096, 1)).answers
    assert [len(answer) for answer in first] == [10, 4096]
    got = first[1]
    digest = b""
    while not digest:
        for answer in rom.request(struct.pack("<I", len(got))).answers:
            if len(got) == len(CONTENT):
                digest = answer
            else:
                got += answer
    assert got == CONTENT
    assert digest == hashlib.md5(CONTENT).digest()


def test_the_stub_alone_erases_all() -> None:
    assert failed(ask(rom_of(), 0xD0)) == 5
    assert not failed(ask(with_stub(), 0xD0), 2)


def test_a_change_of_rate_follows_its_answer() -> None:
    outcome = ask(rom_of(), 0x0F, struct.pack("<II", 921600, 0))
    assert outcome.baud == 921600
    assert len(outcome.answers) == 1


def test_the_end_of_flash_starts_the_application() -> None:
    assert ask(rom_of(), 0x04, struct.pack("<I", 1)).leave
    assert not ask(with_stub(), 0x04, struct.pack("<I", 1)).leave
    assert ask(with_stub(), 0x04, struct.pack("<I", 0)).reset


OPERATIONS = st.sampled_from([*range(0x02, 0x15), *range(0xD0, 0xD6)])
WORDS = st.integers(0, 0xFFFFFFFF) | st.sampled_from([0, 1, 0x1000, 0x4000, 1 << 18])
PAYLOADS = st.binary(max_size=64) | st.lists(WORDS, max_size=6).map(
    lambda words: struct.pack(f"<{len(words)}I", *words)
)


@settings(deadline=None, max_examples=150)
@given(
    st.sampled_from(sorted(CHIPS)),
    st.booleans(),
    st.lists(st.tuples(OPERATIONS, PAYLOADS, st.integers(0, 0xFFFFFFFF)), max_size=12),
)
def test_no_request_breaks_the_rom(
    name: str, stub: bool, requests: list[tuple[int, bytes, int]]
) -> None:
    rom = with_stub(name) if stub else rom_of(name)
    for operation, payload, checksum in requests:
        outcome = ask(rom, operation, payload, checksum)
        # A read sends at most what may be under way, with its packet size.
        assert sum(map(len, outcome.answers)) < 1 << 19


@settings(deadline=None)
@given(st.lists(st.binary(max_size=80), max_size=8))
def test_no_bytes_break_the_rom(packets: list[bytes]) -> None:
    rom = rom_of()
    for packet in packets:
        rom.request(packet)
    assert len(ask(rom, 0x08, SYNC).answers) == 8
