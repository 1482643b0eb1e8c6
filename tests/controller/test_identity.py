"""Whose certificate may command a gateway (T12)."""

from __future__ import annotations

import pytest

from controller import identity

FOREIGN = "foreign:CN=City:dns:cms.example"


@pytest.mark.parametrize(
    ("kept", "shown", "may"),
    [
        (None, None, True),
        (None, "urn:lamplighter:cms", True),
        (None, FOREIGN, True),
        (None, "urn:lamplighter:gateway:north", False),
        (None, "urn:lamplighter:node:7c", False),
        (None, "urn:lamplighter:cms:2", False),
        ("urn:lamplighter:cms", "urn:lamplighter:cms", True),
        ("urn:lamplighter:cms", FOREIGN, False),
        ("urn:lamplighter:cms", None, False),
    ],
)
def test_t12_only_the_cms_itself_commands(kept: str | None, shown: str | None, may: bool) -> None:
    certificate = {"identity": shown} if shown else None
    assert identity.may_command(kept, certificate) is may
