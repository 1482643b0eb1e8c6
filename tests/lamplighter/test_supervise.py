from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from lamplighter.supervise import Program, Supervisor

SLEEP = [sys.executable, "-c", "import time; print('up', flush=True); time.sleep(600)"]


class Kept:
    """A supervisor that counts its changes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.changes = 0
        self.supervisor = Supervisor(self.changed)

    def changed(self) -> None:
        self.changes += 1

    def program(self, name: str, words: list[str]) -> Program:
        log = self.folder / "logs" / f"{name}.log"

        async def ready() -> bool:
            return log.exists() and "up" in log.read_text()

        return Program(name, words, log, ready)

    async def until(self, changes: int) -> None:
        """Wait until so many changes were told."""
        async with asyncio.timeout(15):
            while self.changes < changes:
                await asyncio.sleep(0.02)


@pytest.fixture
async def kept(tmp_path: Path) -> AsyncIterator[Kept]:
    made = Kept(tmp_path)
    yield made
    await made.supervisor.close()


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


async def test_a_program_that_dies_is_started_again_and_that_is_said(
    kept: Kept, capfd: pytest.CaptureFixture[str]
) -> None:
    program = kept.program("sleeper", SLEEP)
    await kept.supervisor.start(program)
    for turn, number in enumerate((signal.SIGKILL, signal.SIGTERM), 1):
        before = program.pid
        os.kill(before, number)
        await kept.until(turn)
        assert program.pid != before
        assert alive(program.pid)
        said = capfd.readouterr().err
        assert f"sleeper ended (signal {int(number)}); starting it again" in said


async def test_a_program_that_was_stopped_is_left_alone(kept: Kept) -> None:
    program = kept.program("sleeper", SLEEP)
    await kept.supervisor.start(program)
    before = program.pid
    os.kill(before, signal.SIGSTOP)
    await asyncio.sleep(0.3)  # A supervisor that took it for dead would act by now.
    assert (program.pid, kept.changes) == (before, 0)
    assert alive(before)


async def test_the_end_ends_every_program_also_a_stopped_one(kept: Kept) -> None:
    programs = [kept.program(name, SLEEP) for name in ("one", "two")]
    for program in programs:
        await kept.supervisor.start(program)
    os.kill(programs[0].pid, signal.SIGSTOP)
    pids = [program.pid for program in programs]
    async with asyncio.timeout(15):
        await kept.supervisor.close()
    assert not any(alive(pid) for pid in pids)
    assert kept.changes == 0


async def test_a_program_that_is_never_ready_is_named_with_its_log(kept: Kept) -> None:
    program = kept.program("mute", [sys.executable, "-c", "import time; time.sleep(600)"])
    with pytest.raises(TimeoutError, match=r"mute did not get ready; see .*mute\.log"):
        await kept.supervisor.start(program, ready_s_max=0.1)


async def test_a_program_that_dies_young_again_and_again_is_not_hurried(kept: Kept) -> None:
    program = kept.program("young", [sys.executable, "-c", "print('up')"])
    await kept.supervisor.start(program)
    await kept.until(2)
    assert program.log.read_text().count("up") <= 3
