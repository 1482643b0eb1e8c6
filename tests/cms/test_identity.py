"""Whose certificate may speak for which gateway (T12)."""

from __future__ import annotations

import pytest

from cms import identity

NORTH = "urn:lamplighter:gateway:north"
FOREIGN = "foreign:CN=City:urn:lamplighter:gateway:north"


@pytest.mark.parametrize(
    ("shown", "entered", "near", "may"),
    [
        (NORTH, False, False, True),
        (FOREIGN, False, False, False),
        (FOREIGN, True, False, True),
        ("urn:lamplighter:cms", True, True, False),
        ("urn:lamplighter:node:7c", True, True, False),
        (None, False, False, False),
        (None, True, False, True),
        (None, False, True, True),
    ],
)
def test_t12_a_gateway_is_expected_by_its_certificate_or_entered(
    shown: str | None, entered: bool, near: bool, may: bool
) -> None:
    certificate = {"identity": shown} if shown else None
    assert identity.expected(certificate, entered=entered, near=near) is may


def test_t12_an_address_is_used_by_its_owner_alone() -> None:
    assert identity.speaks_for(None, {"identity": NORTH})
    assert identity.speaks_for(NORTH, {"identity": NORTH})
    assert not identity.speaks_for(NORTH, {"identity": FOREIGN})
    assert not identity.speaks_for(NORTH, None)
