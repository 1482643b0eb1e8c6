"""The JSON examples of protocol/talq/README.md, for the tests that hold the page true."""

from __future__ import annotations

import os
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
_PAGE = ROOT / "protocol" / "talq" / "README.md"
_BLOCK = re.compile(r"```json (\S+)\n(.*?)```", re.DOTALL)


def examples() -> list[tuple[str, bytes]]:
    """(kind, body) of every JSON block of the page, in order."""
    return [(kind, body.encode()) for kind, body in _BLOCK.findall(_PAGE.read_text("utf-8"))]


def official_files() -> Path | None:
    """Where the official OpenAPI files are on this machine, if they are."""
    told = os.environ.get("LAMPLIGHTER_TALQ_OAS")
    place = Path(told) if told else ROOT.parent / "shared" / "talq" / "oas"
    return place if (place / "talq-data-model-2-7-1-online.json").is_file() else None
