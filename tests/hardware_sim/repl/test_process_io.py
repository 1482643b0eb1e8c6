"""A MicroPython process on a board's flash, without a board around it."""

from __future__ import annotations

import select
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from littlefs import LittleFS, UserContext

from hardware_sim.repl import RESET, RESTARTED, Application
from hardware_sim.repl.process_io import Places

VFS = (0x10000, 0x40000)


@pytest.fixture
def flash(tmp_path: Path) -> Path:
    path = tmp_path / "flash.bin"
    path.write_bytes(b"\xff" * 0x60000)
    return path


@pytest.fixture
def application(tmp_path: Path) -> Iterator[Application]:
    found = Application(tmp_path)
    yield found
    found.stop()


def heard(application: Application, until: bytes, within_s: float = 10) -> tuple[bytes, list[str]]:
    """What it says up to these bytes, and what became of it."""
    said, events = b"", []
    end_s = time.monotonic() + within_s
    while until not in said and time.monotonic() < end_s:
        application.flush()
        if application.fd is not None and select.select([application.fd], [], [], 0.02)[0]:
            data, event = application.read()
            said += data
            events.append(event)
            if event == RESET:
                break
    return said, events


def littlefs_of(flash: Path) -> LittleFS:
    """The file system as CPython's littlefs sees it."""
    context = UserContext(VFS[1])
    context.buffer = bytearray(flash.read_bytes()[VFS[0] : sum(VFS)])
    return LittleFS(
        context, block_size=4096, block_count=VFS[1] // 4096, prog_size=32, read_size=32,
        cache_size=128, lookahead_size=32, mount=True,
    )  # fmt: skip


def test_a_blank_partition_gets_a_file_system(application: Application, flash: Path) -> None:
    application.start(Places(flash, VFS, None))
    assert heard(application, b">>> ")[0].endswith(b">>> ")
    application.write(b"f = open('a.txt', 'w'); f.write('kept'); f.close(); print('do' + 'ne')\r")
    assert b"done\n" in heard(application, b"done\n")[0]
    with littlefs_of(flash).open("/a.txt") as file:
        assert file.read() == "kept"


def test_the_flash_outside_of_the_partition_is_left_alone(
    application: Application, flash: Path
) -> None:
    application.start(Places(flash, VFS, None))
    heard(application, b">>> ")
    data = flash.read_bytes()
    assert not data[: VFS[0]].strip(b"\xff")
    assert not data[sum(VFS) :].strip(b"\xff")


def test_a_running_programme_is_interrupted(application: Application, flash: Path) -> None:
    application.start(Places(flash, VFS, None))
    heard(application, b">>> ")
    application.write(b"while True: pass\r\r")
    heard(application, b"... ")
    time.sleep(0.1)
    application.write(b"\x03")
    assert b"KeyboardInterrupt" in heard(application, b"KeyboardInterrupt")[0]


def test_a_soft_reset_starts_it_again_in_raw_mode(application: Application, flash: Path) -> None:
    application.start(Places(flash, VFS, None))
    heard(application, b">>> ")
    application.write(b"\x01")
    heard(application, b"raw REPL; CTRL-B to exit\r\n>")
    application.write(b"\x04")
    said, events = heard(application, b"raw REPL; CTRL-B to exit\r\n>")
    assert RESTARTED in events
    assert b"MPY: soft reboot\r\n" in said


def test_a_reset_by_the_programme_is_told(application: Application, flash: Path) -> None:
    application.start(Places(flash, VFS, None))
    heard(application, b">>> ")
    application.write(b"import machine; machine.reset()\r")
    assert heard(application, b"never")[1][-1] == RESET


def test_an_interrupt_at_the_start_leaves_the_file_system(
    application: Application, flash: Path
) -> None:
    application.start(Places(flash, VFS, None))
    application.write(b"\r\x03")
    application.write(b"import os; print(os.listdir('/'), 'listed')\r")
    assert b"['sim'] listed\n" in heard(application, b"] listed\n")[0]
