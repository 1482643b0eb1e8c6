"""One city for all the stories that end their faults; each dims lamps of its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from story.city import City

from hardware_sim.rom import CHIPS

HERE = Path(__file__).parent
_SHARED = {f"test_{name}.py" for name in (
    "contract", "evening", "forgery", "official_clients", "refusals",
)}  # fmt: skip


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Stories of one city run one after the other in one worker: spread, it would stand twice."""
    for item in items:
        if item.path.parent == HERE:
            shared = item.path.name in _SHARED
            item.add_marker(pytest.mark.xdist_group("city" if shared else item.path.stem))
    _one_chip_each(items)


def _one_chip_each(items: list[pytest.Item]) -> None:
    """Operations on simulated boards run on one chip each, in turn; on the others in the soak."""
    seen: dict[str, int] = {}
    for item in items:
        called = getattr(item, "callspec", None)
        chip = called.params.get("chip") if called else None
        if chip is None or item.path.name != "test_esptool.py":
            continue
        operation = item.name.replace(chip, "")
        turn = seen.setdefault(operation, len(seen)) % len(CHIPS)
        if chip != sorted(CHIPS)[turn]:
            item.add_marker(pytest.mark.slow)


@pytest.fixture(scope="session")
def city(tmp_path_factory: pytest.TempPathFactory) -> Iterator[City]:
    """A demo with traffic off at speed 1, ended with its worker."""
    made = City(tmp_path_factory.mktemp("city"))
    made.start()
    yield made
    made.stop()
