"""One city for the stories that leave it as they found it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from story.city import City


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> Iterator[City]:
    """A demo with traffic off at speed 1, ended with its module."""
    made = City(tmp_path_factory.mktemp("city"))
    made.start()
    yield made
    made.stop()
