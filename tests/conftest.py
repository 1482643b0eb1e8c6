"""Fixtures that several rooms use."""

import gc
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from servers import Broker


def pytest_addoption(parser: pytest.Parser) -> None:
    """Vectors are written anew only by this flag."""
    parser.addoption("--write-vectors", action="store_true", help="Write protocol vectors anew.")


def pytest_collection_finish(session: pytest.Session) -> None:
    """Check the groups, and begin with what `_settled` does."""
    for item in session.items if session.config.getoption("loadgroup", False) else ():
        # pytest 9.2 ignores how xdist 3.8 marks a group: each file's city would stand twice.
        grouped = item.get_closest_marker("xdist_group") is not None
        assert not grouped or "@" in item.nodeid, "the groups of pytest-xdist do not work"
    _settled()


def _settled() -> None:
    """What is still in use now is left alone by all collections of garbage that follow.

    The firmware asks for one often, which here went through all of some thousand tests and all
    that they have left: a state machine took seven times as long as alone.
    """
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="module", autouse=True)
def settled() -> None:
    """Each file of tests begins with little to look through."""
    _settled()


@pytest.fixture
def mosquitto(tmp_path: Path) -> Iterator[Broker]:
    """A real Mosquitto on a free port."""
    broker = Broker(tmp_path)
    broker.start()
    yield broker
    broker.kill()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """What tests measured, told once for the whole run: tests hand it over as properties."""
    reports = [r for kind in ("passed", "failed") for r in terminalreporter.getreports(kind)]
    told = [pair for r in reports if r.when == "call" for pair in r.user_properties]
    sun = [value for name, value in told if name == "sun"]
    if sun:
        error_s, days = max(error_s for error_s, _ in sun), sum(days for _, days in sun)
        terminalreporter.write_line(f"sun: largest error {error_s:.2f} s in {days:,} days")
    heap = ", ".join(f"{kind} {percent:.1f} %" for name, (kind, percent) in told if name == "heap")
    if heap:
        terminalreporter.write_line(f"free heap after an hour of traffic: {heap}")
    counts: Counter[str] = Counter()
    for name, value in told:
        if name == "device":
            counts[value[0]] += value[1]
    if counts:
        said = ", ".join(f"{name} {count}" for name, count in sorted(counts.items()))
        terminalreporter.write_line(f"device tests: {said}")
