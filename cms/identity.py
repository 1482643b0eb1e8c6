"""Whose certificate may speak for which gateway.

A gateway's address belongs to the identity that first announced it. A row from before
certificates has none, and takes that of the next announcement.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

# Names in the site's own authority (lamplighter/pki); a foreign one is named with its issuer.
GATEWAY = "urn:lamplighter:gateway:"
_SITE = "urn:lamplighter:"


def told(certificate: Mapping[str, Any] | None) -> str | None:
    """Who the other side is; None without TLS."""
    return str(certificate["identity"]) if certificate else None


def expected(certificate: Mapping[str, Any] | None, *, entered: bool, near: bool) -> bool:
    """Whether a gateway may announce itself: by our certificate, or as an engineer entered it.

    near: it came from this machine, where that is enough. No other role of the site is a gateway.
    """
    identity = told(certificate) or ""
    if identity.startswith(GATEWAY):
        return True
    return (entered or near) and not identity.startswith(_SITE)


def speaks_for(kept: str | None, certificate: Mapping[str, Any] | None) -> bool:
    """Whether the sender may use a gateway's address; kept: whose it is."""
    return kept is None or kept == told(certificate)
