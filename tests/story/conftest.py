"""One city for the stories that leave it as they found it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from story.city import City

HERE = Path(__file__).parent


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Stories that say no group of their own run one after the other, beside the group "story".

    Each module has a city; spread over workers it would have several, on a machine of two cores.
    """
    for item in items:
        if item.path.parent == HERE and item.get_closest_marker("xdist_group") is None:
            item.add_marker(pytest.mark.xdist_group("talq"))


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> Iterator[City]:
    """A demo with traffic off at speed 1, ended with its module."""
    made = City(tmp_path_factory.mktemp("city"))
    made.start()
    yield made
    made.stop()
