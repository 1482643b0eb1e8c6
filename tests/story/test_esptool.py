"""The real esptool and mpremote, as commands, on simulated boards of all three chips.

On a pseudo-terminal they are fast, but cannot work the straps; over RFC 2217 they can, at 0.2 s
for each exchange, so that few commands go that way here and a whole session in the soak. In
`make test` each operation runs on one of the chips in turn (conftest.py), in the soak on all.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from board_rig import BoardProcess, said

import flasher
from hardware_sim.rom import CHIPS, esp_image, micropython_image

CONTENT = random.Random(6).randbytes(20_000)
AT = "0x100000"
KEPT_AT = "0x200000"  # Here it is written once, for those that read.
_REFUSES = b"not provisioned"
_BLANK = b"invalid header: 0xffffffff\r\n"


@pytest.fixture(scope="module", params=sorted(CHIPS))
def chip(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory, chip: str) -> Path:
    """A folder with what is flashed and copied."""
    folder = tmp_path_factory.mktemp("files")
    (folder / "content.bin").write_bytes(CONTENT)
    (folder / "other.bin").write_bytes(CONTENT[::-1])
    (folder / "hello.py").write_text('print("hello from a file")\n')
    (folder / "micropython.bin").write_bytes(micropython_image(chip, 4, romfs=False))
    row = CHIPS[chip]
    ram = esp_image(row, 4, [(row.entry, bytes(64))])
    (folder / "ram.bin").write_bytes(ram)
    return folder


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory, chip: str) -> Iterator[BoardProcess]:
    """A board that was powered on with its boot button held."""
    board = BoardProcess(tmp_path_factory.mktemp("bare") / "board", chip, "--download")
    yield board
    assert board.close() == 0


@pytest.fixture(scope="module")
def written(bare: BoardProcess, files: Path) -> BoardProcess:
    """The bare board with content to read."""
    said(bare.esptool("write-flash", KEPT_AT, files / "content.bin"))
    return bare


@pytest.fixture(scope="module")
def node(
    tmp_path_factory: pytest.TempPathFactory, chip: str, files: Path
) -> Iterator[BoardProcess]:
    """A board that esptool has flashed with MicroPython and that runs it."""
    board = BoardProcess(tmp_path_factory.mktemp("node") / "board", chip, "--download")
    offset = hex(CHIPS[chip].bootloader_offset)
    said(board.esptool("write-flash", offset, files / "micropython.bin"))
    said(board.esptool("--no-stub", "run"))
    yield board
    assert board.close() == 0


def test_the_chip_and_its_address_are_told(bare: BoardProcess) -> None:
    text = said(bare.esptool("chip-id"))
    assert f"Connected to {CHIPS[bare.chip].title} on" in text
    assert bare.mac in text


def test_the_address_is_read(bare: BoardProcess) -> None:
    assert bare.mac in said(bare.esptool("read-mac"))


def test_the_flash_tells_its_size(bare: BoardProcess) -> None:
    assert "Detected flash size: 4MB" in said(bare.esptool("flash-id"))


def test_security_is_told_by_the_chips_that_know_it(bare: BoardProcess) -> None:
    done = bare.esptool("get-security-info")
    if CHIPS[bare.chip].security_info:
        assert "Secure Boot: Disabled" in said(done)
        assert f"Chip ID: {CHIPS[bare.chip].chip_id}" in said(done)
    else:
        assert done.returncode
        assert "The format of the received message is invalid" in done.stderr + done.stdout


def test_an_image_of_ours_is_valid(bare: BoardProcess, files: Path) -> None:
    text = said(bare.esptool("image-info", files / "ram.bin"))
    assert "(valid)" in text
    assert "(invalid)" not in text


@pytest.mark.parametrize(
    "options",
    [(), ("--compress",), ("--no-compress",)],
    ids=["as it likes", "deflated", "plain"],
)
def test_what_is_written_lies_in_the_flash(
    bare: BoardProcess, files: Path, options: tuple[str, ...]
) -> None:
    text = said(bare.esptool("write-flash", *options, AT, files / "content.bin"))
    assert "Hash of data verified." in text
    assert bare.flash()[0x100000 : 0x100000 + len(CONTENT)] == CONTENT


@pytest.mark.parametrize("option", ["--compress", "--no-compress"])
def test_the_boot_rom_alone_writes_too(bare: BoardProcess, files: Path, option: str) -> None:
    text = said(bare.esptool("--no-stub", "write-flash", option, AT, files / "other.bin"))
    assert "Hash of data verified." in text
    assert bare.flash()[0x100000 : 0x100000 + len(CONTENT)] == CONTENT[::-1]


def test_what_was_written_is_verified(written: BoardProcess, files: Path) -> None:
    text = said(written.esptool("verify-flash", KEPT_AT, files / "content.bin"))
    assert "digest matched" in text
    assert written.esptool("verify-flash", KEPT_AT, files / "other.bin").returncode


def test_what_was_written_is_read_back(written: BoardProcess, files: Path) -> None:
    said(written.esptool("read-flash", KEPT_AT, str(len(CONTENT)), files / "back.bin"))
    assert (files / "back.bin").read_bytes() == CONTENT


def test_the_boot_rom_alone_reads_too(written: BoardProcess, files: Path) -> None:
    said(written.esptool("--no-stub", "read-flash", KEPT_AT, "200", files / "back.bin"))
    assert (files / "back.bin").read_bytes() == CONTENT[:200]


def test_another_rate_is_agreed(bare: BoardProcess, files: Path) -> None:
    text = said(bare.esptool("--baud", "921600", "write-flash", AT, files / "content.bin"))
    assert "Changing baud rate to 921600" in text
    assert "Hash of data verified." in text


def test_the_flash_keeps_its_status(bare: BoardProcess) -> None:
    said(bare.esptool("write-flash-status", "--bytes", "1", "0x3c"))
    assert "0x003c" in said(bare.esptool("read-flash-status", "--bytes", "2"))
    said(bare.esptool("write-flash-status", "--bytes", "1", "0"))


def test_memory_is_read(bare: BoardProcess, files: Path) -> None:
    magic = CHIPS[bare.chip].magic
    assert f"{magic:#010x}" in said(bare.esptool("read-mem", "0x40001000"))
    said(bare.esptool("dump-mem", "0x40001000", "16", files / "dump.bin"))
    assert (files / "dump.bin").read_bytes()[:4] == magic.to_bytes(4, "little")


def test_memory_is_written(bare: BoardProcess) -> None:
    # Mode and mask: only the bits of the mask change.
    said(bare.esptool("write-mem", "0x3ffc0000", "0xdeadbeef", "0xffff"))


def test_flash_is_erased_by_regions_and_whole(written: BoardProcess) -> None:
    said(written.esptool("erase-region", hex(0x202000), "0x1000"))
    flash = written.flash()
    assert flash[0x202000:0x203000] == b"\xff" * 0x1000
    assert flash[0x201000:0x202000] == CONTENT[0x1000:0x2000]
    said(written.esptool("erase-flash"))
    assert not written.flash().strip(b"\xff")


def test_flash_encryption_is_burnt_for_ever(tmp_path: Path, chip: str) -> None:
    newer = CHIPS[chip].security_info
    key = tmp_path / "key.bin"
    key.write_bytes(random.Random(9).randbytes(32))
    board = BoardProcess(tmp_path / "board", chip, "--download")
    try:
        place = ("BLOCK_KEY0", key, "XTS_AES_128_KEY") if newer else ("flash_encryption", key)
        said(board.espefuse("burn-key", *place))
        said(
            board.espefuse("burn-efuse", "SPI_BOOT_CRYPT_CNT" if newer else "FLASH_CRYPT_CNT", "1")
        )
        key.write_bytes(bytes(31) + b"\x01")
        assert board.espefuse("burn-key", *place).returncode  # It cannot be burnt twice.
        if newer:
            assert "Flash Encryption: Enabled" in said(board.esptool("get-security-info"))
    finally:
        board.close()


def test_code_is_loaded_into_ram_and_run(tmp_path: Path, chip: str, files: Path) -> None:
    board = BoardProcess(tmp_path / "board", chip, "--download")
    try:
        text = said(board.esptool("--no-stub", "load-ram", files / "ram.bin"))
        assert f"executing at {CHIPS[chip].entry:#010x}" in text
    finally:
        assert board.close() == 0


def test_a_blank_board_says_so_again_and_again(tmp_path: Path, chip: str) -> None:
    board = BoardProcess(tmp_path / "board", chip)
    try:
        assert board.listen(3, _BLANK * 2).count(_BLANK) >= 2
    finally:
        board.close()


@pytest.mark.slow  # flash.py works the straps of every board that it flashes.
def test_straps_work_over_the_network_port(tmp_path: Path, chip: str) -> None:
    board = BoardProcess(tmp_path / chip, chip)
    try:
        text = _strapped(board)
        assert board.mac in text
        assert "Hard resetting via RTS pin" in text
        assert _BLANK in board.listen(2, _BLANK)
    finally:
        board.close()


def _strapped(board: BoardProcess) -> str:
    return said(board.esptool("--no-stub", "read-mac", port=board.rfc2217))


def test_the_console_is_on_the_network_port_too(node: BoardProcess) -> None:
    assert said(node.mpremote("eval", "6*7", port=node.rfc2217)).strip() == "42"


def test_code_runs_on_the_flashed_board(node: BoardProcess, files: Path) -> None:
    assert said(node.mpremote("exec", "print(6*7)")).strip() == "42"
    assert said(node.mpremote("eval", "'a'*3")).strip() == "aaa"
    assert said(node.mpremote("run", files / "hello.py")).strip() == "hello from a file"


def test_an_exception_on_the_board_is_a_failure_of_the_tool(node: BoardProcess) -> None:
    done = node.mpremote("exec", "[][1]")
    assert done.returncode == 1
    assert "IndexError" in done.stdout + done.stderr


def test_files_are_copied_listed_and_removed(node: BoardProcess, files: Path) -> None:
    said(node.mpremote("fs", "cp", files / "hello.py", ":hello.py"))
    said(node.mpremote("fs", "mkdir", ":folder"))
    listed = said(node.mpremote("fs", "ls", ":"))
    assert "27 hello.py" in listed
    assert "folder/" in listed
    assert "hello from a file" in said(node.mpremote("fs", "cat", ":hello.py"))
    assert "VfsLfs2" in said(node.mpremote("df"))
    said(node.mpremote("fs", "rm", ":hello.py"))
    said(node.mpremote("fs", "rmdir", ":folder"))
    listed = said(node.mpremote("fs", "ls", ":"))
    assert "hello.py" not in listed
    assert "folder" not in listed


def test_a_soft_reset_forgets_names_and_keeps_files(node: BoardProcess, files: Path) -> None:
    said(node.mpremote("fs", "cp", files / "hello.py", ":kept.py"))
    said(node.mpremote("resume", "exec", "name = 5"))
    assert said(node.mpremote("resume", "eval", "name")).strip() == "5"
    said(node.mpremote("soft-reset"))
    assert node.mpremote("resume", "eval", "name").returncode == 1
    assert "kept.py" in said(node.mpremote("fs", "ls", ":"))
    said(node.mpremote("fs", "rm", ":kept.py"))


def test_what_was_copied_outlives_the_supply(tmp_path: Path, chip: str, files: Path) -> None:
    if CHIPS[chip].security_info:
        pytest.skip("which chip it is makes no difference to a file")
    folder = tmp_path / "board"
    board = BoardProcess(folder, chip, "--download")
    try:
        offset = hex(CHIPS[chip].bootloader_offset)
        said(board.esptool("write-flash", offset, files / "micropython.bin"))
        said(board.esptool("--no-stub", "run"))
        said(board.mpremote("fs", "cp", files / "hello.py", ":main.py"))
    finally:
        board.close()
    again = BoardProcess(folder, chip)
    try:
        assert again.mac == board.mac
        assert "hello from a file" in said(again.mpremote("fs", "cat", ":main.py"))
        assert b"hello from a file" in _after_soft_reset(again)
    finally:
        again.close()


def _after_soft_reset(board: BoardProcess) -> bytes:
    """What the board prints when it starts main.py."""
    with Path(board.pty).open("wb", buffering=0) as port:
        port.write(b"\r\x03\x02\x04")
        return board.listen(3, b"hello from a file")


@pytest.mark.slow  # test_bench_to_street.py has boards that run it as nodes.
def test_the_firmware_runs_from_a_flashed_board(tmp_path: Path) -> None:
    board = BoardProcess(tmp_path / "board", "esp32", "--download")
    try:
        files = {
            "0x1000": micropython_image("esp32", 4),
            "0x1e0000": flasher.build_application().data,
        }
        arguments: list[str | Path] = ["write-flash"]
        for offset, data in files.items():
            path = tmp_path / f"{offset}.bin"
            path.write_bytes(data)
            arguments += [offset, path]
        said(board.esptool(*arguments))
        said(board.esptool("--no-stub", "run"))
        # It has no identity yet: it says so, lights the lamp and starts again, and again.
        heard = board.listen(5, b"rst:0xc (SW_CPU_RESET)") + board.listen(5, _REFUSES)
        assert heard.count(b"rst:0xc (SW_CPU_RESET)") >= 1
        assert _REFUSES in heard
    finally:
        board.close()


@pytest.mark.slow
def test_a_whole_session_goes_over_the_network_port(
    tmp_path: Path, chip: str, files: Path
) -> None:
    board = BoardProcess(tmp_path / "board", chip)
    try:
        offset = hex(CHIPS[chip].bootloader_offset)
        done = board.esptool(
            "--baud", "460800", "write-flash", offset, files / "micropython.bin",
            port=board.rfc2217,
        )  # fmt: skip
        assert "Hash of data verified." in said(done)
        assert said(board.mpremote("eval", "1+1", port=board.rfc2217)).strip() == "2"
    finally:
        assert board.close() == 0
