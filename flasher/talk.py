"""What a node's console says, cut into lines and judged: boot, answers, self-test. Without I/O.

Any bytes may come: of another rate, torn, endless. Lines that are too long are dropped.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

_LINE_MAX = 8192
# Checks that need a street's network: on a bench they may fail and are left to the pole.
AT_THE_POLE = ("clock", "network")


class Lines:
    """Cuts a stream into lines of text."""

    def __init__(self) -> None:
        self._rest = b""
        self._dropping = False

    def feed(self, data: bytes) -> Iterator[str]:
        """The lines that are whole now."""
        self._rest += data
        *whole, self._rest = self._rest.replace(b"\r", b"\n").split(b"\n")
        for line in whole:
            if not self._dropping and len(line) <= _LINE_MAX and line.strip():
                yield line.decode("utf-8", "replace")
            self._dropping = False
        if len(self._rest) > _LINE_MAX:
            self._rest, self._dropping = b"", True


def answer(line: str) -> dict[str, Any] | None:
    """The JSON object that a line holds behind whatever was echoed; None when it holds none."""
    at = line.find("{")
    if at < 0:
        return None
    try:
        found = json.loads(line[at:])
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def rows(said: Mapping[str, Any]) -> dict[str, Any]:
    """An answer's rows as a table; what is no pair is left out."""
    listed = said.get("rows")
    pairs = listed if isinstance(listed, list) else []
    return {str(row[0]): row[1] for row in pairs if isinstance(row, list) and len(row) == 2}


@dataclass
class SelfTest:
    """The lines of a self-test as they come."""

    checks: list[dict[str, Any]] = field(default_factory=list)
    ended: bool = False
    restarts: int = 0  # How often the node started anew in the midst of one.

    def take(self, said: Mapping[str, Any]) -> None:
        """One answer of the console."""
        if said.get("command") == "selftest":
            self.ended = True
        elif isinstance(said.get("check"), str):
            passed = said.get("passed")
            self.checks.append({
                "check": said["check"],
                "passed": passed if isinstance(passed, bool) else None,
                "what": str(said.get("what", "")),
            })  # fmt: skip

    def failed(self, *, at_the_pole: bool) -> list[str]:
        """Names of what failed and counts here."""
        left = () if at_the_pole else AT_THE_POLE
        return [
            row["check"]
            for row in self.checks
            if row["passed"] is False and row["check"] not in left
        ]
