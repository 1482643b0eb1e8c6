"""Keeps the programs of a demo running: one process each, started again when it dies.

A process that was stopped (SIGSTOP) has not died and is left alone. Children are told by the
kernel to end when we do, so that a killed demo leaves nothing behind.
"""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import os
import signal
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

_PR_SET_PDEATHSIG = 1
_QUICK_S = 2.0  # Who dies younger than this waits before the next start.
_PAUSE_S_MAX = 5.0
_END_S = 5.0
_READY_LOOK_S = 0.02


@dataclass
class Program:
    """One program: its words, where its log goes, and how one sees that it is ready."""

    name: str
    words: Sequence[str]
    log: Path
    ready: Callable[[], Awaitable[bool]]
    environment: dict[str, str] | None = None
    process: asyncio.subprocess.Process | None = None

    @property
    def pid(self) -> int:
        """Of the running process; 0 when there is none."""
        return self.process.pid if self.process else 0


def _die_with_parent() -> None:
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


class Supervisor:
    """All programs, in the order of their start."""

    def __init__(self, on_change: Callable[[], None]) -> None:
        self.programs: dict[str, Program] = {}
        self._on_change = on_change
        self._tasks: list[asyncio.Task[None]] = []
        self._ending = False
        self._starting = asyncio.Lock()

    async def start(self, program: Program, *, ready_s_max: float = 60.0) -> None:
        """Start a program and wait until it is ready; TimeoutError names it and its log."""
        self.programs[program.name] = program
        await self._spawn(program)
        self._tasks.append(asyncio.create_task(self._keep(program)))
        end = time.monotonic() + ready_s_max
        while not await program.ready():
            if time.monotonic() > end:
                raise TimeoutError(f"{program.name} did not get ready; see {program.log}")
            await asyncio.sleep(_READY_LOOK_S)

    async def _spawn(self, program: Program) -> None:
        program.log.parent.mkdir(parents=True, exist_ok=True)
        async with self._starting:
            if self._ending:
                return
            await self._spawn_now(program)

    async def _spawn_now(self, program: Program) -> None:
        with program.log.open("ab") as log:
            program.process = await asyncio.create_subprocess_exec(
                *program.words, stdin=asyncio.subprocess.DEVNULL, stdout=log, stderr=log,
                env=program.environment, preexec_fn=_die_with_parent, start_new_session=True,
            )  # fmt: skip

    async def _keep(self, program: Program) -> None:
        pause_s = 0.0
        while True:
            assert program.process is not None
            began = time.monotonic()
            code = await program.process.wait()
            if self._ending:
                return
            how = f"signal {-code}" if code < 0 else f"exit code {code}"
            print(f"lamplighter: {program.name} ended ({how}); starting it again",
                  file=sys.stderr, flush=True)  # fmt: skip
            young = time.monotonic() - began < _QUICK_S
            pause_s = min(_PAUSE_S_MAX, pause_s * 2 + 0.2) if young else 0.0
            await asyncio.sleep(pause_s)
            await self._spawn(program)
            if self._ending:
                return
            self._on_change()

    async def watch(self) -> None:
        """For ever; an error of a keeper ends it."""
        await asyncio.gather(*self._tasks)

    async def close(self) -> None:
        """End every process, the last started first; stubborn ones are killed."""
        self._ending = True
        async with self._starting:  # One that is just being started is ended as well.
            pass
        for program in reversed(list(self.programs.values())):
            process = program.process
            if process is None or process.returncode is not None:
                continue
            with contextlib.suppress(ProcessLookupError):  # It may have ended just now.
                process.terminate()
                os.kill(process.pid, signal.SIGCONT)  # One that was stopped hears nothing else.
            try:
                await asyncio.wait_for(process.wait(), _END_S)
            except TimeoutError:
                process.kill()
                await process.wait()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
