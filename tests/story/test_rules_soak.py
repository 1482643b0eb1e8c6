"""Gateway and CMS are killed again and again: every log entry is stored exactly once (L2)."""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from servers import free_port

from protocol import plan

ROOT = Path(__file__).resolve().parents[2]
SEED = 20261121
AT_MS = 1_795_248_000_000  # As reporting_gateway.py dates its event 0.
LIVES_S = (0.5, 2.5)  # How long each side lives before it is killed.


class Killed:
    """Both programs and the files of both; `kill` also starts anew."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.ports = {"cms": free_port(), "gateway": free_port()}
        self.running: dict[str, subprocess.Popen[bytes]] = {}
        self.files = {name: folder / name for name in self.ports}
        for path in self.files.values():
            path.mkdir()
        plan_file = folder / "plan.json"
        plan.save(plan.quarter(2, 1), plan_file)
        cms = f"127.0.0.1:{self.ports['cms']}"
        self.words = {
            "cms": [
                "-m", "cms", "--plan", plan_file, "--listen", cms, "--data", self.files["cms"],
                "--talq-allow-loopback", "--plain-http",
            ],
            "gateway": [
                ROOT / "tests" / "story" / "reporting_gateway.py", plan_file,
                self.files["gateway"], f"http://{cms}/talq", self.ports["gateway"],
            ],
        }  # fmt: skip

    def start(self, name: str) -> None:
        with (self.folder / f"{name}.log").open("ab") as log:
            self.running[name] = subprocess.Popen(
                [sys.executable, *map(str, self.words[name])],
                cwd=ROOT,
                stdout=log,
                stderr=log,
                env={**os.environ, "PYTHONPATH": str(ROOT)},
            )

    def kill(self, name: str) -> None:
        """SIGKILL; it must have been alive."""
        process = self.running[name]
        assert process.poll() is None, (self.folder / f"{name}.log").read_text()[-3000:]
        process.send_signal(signal.SIGKILL)
        process.wait()

    def rows(self, name: str, query: str) -> list[tuple[int, ...]]:
        """What a side has on disk, read beside it."""
        path = self.files[name] / ("cms.db" if name == "cms" else "controller.db")
        if not path.exists():
            return []
        reader = sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=10)
        try:
            return reader.execute(query).fetchall()
        except sqlite3.OperationalError:
            return []  # Its tables are not there yet.
        finally:
            reader.close()

    def recorded(self) -> list[int]:
        return [row[0] for row in self.rows("gateway", "SELECT number FROM event ORDER BY number")]

    def waiting(self) -> int:
        rows = self.rows("gateway", "SELECT count(*) FROM outbox WHERE logger LIKE '%events'")
        return rows[0][0] if rows else -1

    def stored(self) -> list[int]:
        """The times of the events that the CMS has, in the order in which it stored them."""
        query = "SELECT at_ms FROM events WHERE kind = 'lamp_failure' ORDER BY id"
        return [row[0] for row in self.rows("cms", query)]

    def until(self, true: Callable[[], bool], what: str, *, seconds: float = 60.0) -> None:
        end = time.monotonic() + seconds
        while not true():
            logs = "".join(p.read_text()[-1500:] for p in self.folder.glob("*.log"))
            assert time.monotonic() < end, f"no {what}\n{logs}"
            time.sleep(0.05)


@pytest.fixture
def made(tmp_path: Path) -> Iterator[list[Killed]]:
    """Those that a test made, ended with it."""
    found: list[Killed] = []
    yield found
    for one in found:
        for process in one.running.values():
            process.kill()
            process.wait()


def story(both: Killed, kills: int) -> None:
    """Kill the gateway so often while it records, and the CMS between, then compare."""
    rng = random.Random(SEED)
    both.start("cms")
    both.start("gateway")
    both.until(lambda: bool(both.recorded()), "first event")
    done = dict.fromkeys(both.ports, 0)
    while done["gateway"] < kills:
        time.sleep(rng.uniform(*LIVES_S))
        for name in rng.choice((("gateway",), ("cms", "gateway"), ("gateway", "cms"), ("cms",))):
            both.kill(name)
            time.sleep(rng.uniform(0.0, 0.1))
            both.start(name)
            done[name] += 1
    assert done["cms"] >= kills // 2
    before = both.recorded()[-1]
    both.until(lambda: both.recorded()[-1] > before, "event after the last kill")
    (both.files["gateway"] / "enough").touch()
    both.until(lambda: both.waiting() == 0, "empty outbox", seconds=240)
    time.sleep(1.0)  # One told twice would come now.
    recorded = both.recorded()
    assert both.waiting() == 0
    assert recorded == list(range(1, len(recorded) + 1))
    assert both.stored() == [AT_MS + number for number in recorded]


@pytest.mark.slow
def test_l2_b9_a_few_kills_of_both_sides_lose_and_double_nothing(
    tmp_path: Path, made: list[Killed]
) -> None:
    made.append(Killed(tmp_path))
    story(made[0], 4)


@pytest.mark.slow
def test_l2_b9_a_hundred_kills_lose_and_double_nothing(tmp_path: Path, made: list[Killed]) -> None:
    made.append(Killed(tmp_path))
    story(made[0], 100)
