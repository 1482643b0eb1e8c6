"""Who may do what: tokens, of which only digests are kept, and roles."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

ROLES = ("viewer", "operator", "engineer", "admin")
TOKEN_BYTES = 32
SESSION_S = 12 * 3600
COOKIE = "lamplighter_session"


@dataclass(frozen=True)
class Person:
    """Somebody who showed a token."""

    name: str
    role: str

    def may(self, role: str) -> bool:
        """Whether they have at least this role."""
        return ROLES.index(self.role) >= ROLES.index(role)


def digest(token: str) -> str:
    """What is stored of a token. Tokens are random and long, so a plain hash is enough."""
    return hashlib.sha256(token.encode()).hexdigest()
