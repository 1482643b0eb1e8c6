"""Whose certificate may command this gateway.

Only a CMS does: of the site's own certificates the one of role `cms`, and any of an authority
that the engineer put beside the site's. Each attached CMS keeps the identity it first came with.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

# Names in the site's own authority (lamplighter/pki); a foreign one is named with its issuer.
_SITE = "urn:lamplighter:"
_CMS = "urn:lamplighter:cms"


def told(certificate: Mapping[str, Any] | None) -> str | None:
    """Who the other side is; None without TLS."""
    return str(certificate["identity"]) if certificate else None


def may_command(kept: str | None, certificate: Mapping[str, Any] | None) -> bool:
    """Whether the sender is the CMS that it says it is; kept: whose address it is, if known."""
    identity = told(certificate)
    if kept is not None and kept != identity:
        return False
    return identity is None or identity == _CMS or not identity.startswith(_SITE)
