"""The simulated nodes' processes: kept running while their feeder is live."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Callable, Collection
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from .. import provision

RESTART_S = 0.3  # Real seconds: what a board takes from reset to its boot file.
HOLD_UP_S = 0.2  # Real seconds that a lamp's capacitor feeds its node without mains.


class Nodes:
    """Starts the zygote and follows what it says. `pids` holds running nodes by position.

    `held_up`: positions of nodes whose boards live on for HOLD_UP_S without mains.
    """

    def __init__(
        self,
        data: Path,
        clock: Path,
        died: Callable[[int], None],
        held_up: Collection[int] = frozenset(),
    ) -> None:
        self._data = data
        self._clock = clock
        self._died = died
        self._process: asyncio.subprocess.Process | None = None
        self._not_before: dict[int, float] = {}
        self._stopping: set[int] = set()
        self._held_up = held_up
        self._cut_s: dict[int, float] = {}
        self.pids: dict[int, int] = {}
        self.starts = 0

    async def open(self) -> None:
        """Build the images and start the zygote."""
        application, peripherals = provision.write_images(self._data)
        config = {
            "application": str(application),
            "peripherals": str(peripherals),
            "pages": str(self._data / "pages"),
            "flash": str(self._data / "flash"),
            "flash_size": provision.FLASH_SIZE,
            "slots": str(self._data / "slots"),
            "slot_size": provision.SLOT_SIZE,
            "clock": str(self._clock),
            "log": str(self._data / "nodes.log"),
            "start": str(provision.HERE / "board" / "start.py"),
        }
        path = self._data / "zygote.json"
        path.write_text(json.dumps(config))
        self._process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "hardware_sim.zygote", str(path),
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
        )  # fmt: skip

    async def follow(self) -> None:
        """Read what became of nodes until the zygote ends."""
        assert self._process is not None
        assert self._process.stdout is not None
        loop = asyncio.get_running_loop()
        async for line in self._process.stdout:
            word, number, value = line.decode().split()
            node = int(number)
            if word == "up":
                self.pids[node] = int(value)
                self.starts += 1
            else:
                self.pids.pop(node, None)
                self._stopping.discard(node)
                self._not_before[node] = loop.time() + RESTART_S
                self._died(node)
        raise RuntimeError(f"the zygote ended with {await self._process.wait()}")

    async def want(self, powered: NDArray[np.bool_]) -> None:
        """Start what is powered and does not run; kill what runs and is not powered."""
        assert self._process is not None
        assert self._process.stdin is not None
        now = asyncio.get_running_loop().time()
        lines = []
        for node, on in enumerate(powered):
            if on and node not in self.pids and self._not_before.get(node, 0.0) <= now:
                self._not_before[node] = now + 5.0  # Until the zygote answers.
                lines.append(f"start {node}\n")
            elif on:
                self._cut_s.pop(node, None)
            elif node in self.pids and node not in self._stopping:
                cut_s = self._cut_s.setdefault(node, now)
                if node in self._held_up and now - cut_s < HOLD_UP_S:
                    continue
                self._stopping.add(node)
                lines.append(f"stop {node}\n")
        if lines:
            self._process.stdin.write("".join(lines).encode())
            await self._process.stdin.drain()

    async def close(self) -> None:
        """End the zygote, and with it every node."""
        if self._process is not None and self._process.stdin is not None:
            self._process.stdin.close()
            await self._process.wait()
