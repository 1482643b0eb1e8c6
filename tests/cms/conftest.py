"""A CMS for the tests of its shells."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from cms_rig import Cms


@pytest.fixture
async def fresh(tmp_path: Path) -> AsyncIterator[Cms]:
    """A CMS that no gateway has found yet."""
    made = Cms(tmp_path)
    await made.open()
    yield made
    await made.close()


@pytest.fixture
async def attached(fresh: Cms) -> Cms:
    """A CMS with a street that reports."""
    await fresh.attach()
    return fresh
