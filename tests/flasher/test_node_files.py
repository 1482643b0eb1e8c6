"""A node's files: read back as MicroPython's littlefs has them, blank blocks left out."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from flasher.node_files import littlefs_runs, nvs_image, read_identity, runs

SIZE = 0x120000
IDENTITY: dict[str, object] = {"node_id": "02aa00000001", "key": "11" * 32, "wifi": ["é", ""]}


def _laid_out(parts: list[tuple[int, bytes]]) -> bytes:
    data = bytearray(b"\xff" * SIZE)
    for at, content in parts:
        data[at : at + len(content)] = content
    return bytes(data)


def test_the_identity_is_read_back_from_few_blocks() -> None:
    data = _laid_out(littlefs_runs(SIZE, IDENTITY))
    read: list[int] = []

    def part(at: int, size: int) -> bytes:
        read.append(size)
        return data[at : at + size]

    assert read_identity(SIZE, part) == IDENTITY
    assert sum(read) < 64 * 1024
    assert sum(len(content) for _, content in littlefs_runs(SIZE, IDENTITY)) < 64 * 1024


def test_a_blank_or_torn_file_system_is_nobody() -> None:
    good = _laid_out(littlefs_runs(SIZE, IDENTITY))
    for data in (b"\xff" * SIZE, bytes(SIZE), good[:4096] + bytes(SIZE - 4096)):

        def part(at: int, size: int, data: bytes = data) -> bytes:
            return data[at : at + size]

        assert read_identity(SIZE, part) == {}


@given(st.lists(st.sampled_from([b"\xff" * 4096, b"\0" * 4096, b"\xff" * 4095 + b"x"])))
def test_what_is_left_out_is_blank(blocks: list[bytes]) -> None:
    data = b"".join(blocks)
    back = bytearray(b"\xff" * len(data))
    for at, content in runs(data):
        back[at : at + len(content)] = content
    assert bytes(back) == data


def test_nvs_holds_who_the_node_is_and_no_key() -> None:
    data = nvs_image(0x6000, {"node_id": "02aa00000001", "site": "here"})
    assert len(data) == 0x6000
    assert b"02aa00000001\0" in data
    assert b"lamplighter" in data
