"""Fixtures that several rooms use."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from servers import Broker


@pytest.fixture
def mosquitto(tmp_path: Path) -> Iterator[Broker]:
    """A real Mosquitto on a free port."""
    broker = Broker(tmp_path)
    broker.start()
    yield broker
    broker.kill()
