"""What a check found, row by row: as a table, as JSON, as JUnit XML."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from collections.abc import Iterable
from typing import NamedTuple

PASSED, FAILED = "passed", "failed"
NOT_ANNOUNCED, NOT_TESTABLE = "not announced", "not testable"
STATES = (PASSED, FAILED, NOT_ANNOUNCED, NOT_TESTABLE)
_SEEN_CHARS_MAX = 2000


class Row(NamedTuple):
    """One rule, operation, attribute, event or service. seen: why it has this state."""

    group: str
    name: str
    title: str
    state: str
    seen: str = ""


class Failed(Exception):
    """The other side broke a rule; the text is what was seen."""


class NotAnnounced(Exception):
    """The other side does not claim this, and need not."""


class NotTestable(Exception):
    """It cannot be seen from here; the text says why."""


def counts(rows: Iterable[Row]) -> dict[str, int]:
    """How many rows have each state."""
    found = dict.fromkeys(STATES, 0)
    for row in rows:
        found[row.state] += 1
    return found


def table(rows: list[Row]) -> str:
    """For people: groups, and below each its rows; functions that are not there are one line."""
    lines = []
    group = ""
    gone: dict[str, int] = {}
    for row in rows:
        if row.group != group:
            lines += [*_gone(gone), "", row.group]
            group, gone = row.group, {}
        if row.state == NOT_ANNOUNCED and row.title and row.group.startswith("Mandatory"):
            gone[row.title] = gone.get(row.title, 0) + 1
            continue
        lines.append(f"  {row.state:14} {row.name:34} {row.title}".rstrip())
        if row.seen and row.state != PASSED:
            lines += [f"  {'':14} {line}" for line in row.seen[:_SEEN_CHARS_MAX].splitlines()]
    told = ", ".join(f"{number} {state}" for state, number in counts(rows).items())
    return "\n".join([*lines, *_gone(gone), "", told])


def _gone(found: dict[str, int]) -> list[str]:
    return [f"  {NOT_ANNOUNCED:14} {name}: {number}" for name, number in found.items()]


def as_json(rows: list[Row], about: dict[str, object]) -> str:
    """Everything, for programs."""
    listed = [row._asdict() for row in rows]
    return json.dumps({**about, "counts": counts(rows), "rows": listed}, indent=1)


def as_junit(rows: list[Row], name: str) -> str:
    """A test suite for each group; what is not announced or not testable is skipped."""
    total = counts(rows)
    skipped = total[NOT_ANNOUNCED] + total[NOT_TESTABLE]
    root = ET.Element(
        "testsuites", name=name, tests=str(len(rows)), failures=str(total[FAILED]),
        skipped=str(skipped),
    )  # fmt: skip
    for group in dict.fromkeys(row.group for row in rows):
        mine = [row for row in rows if row.group == group]
        found = counts(mine)
        suite = ET.SubElement(
            root, "testsuite", name=group, tests=str(len(mine)), failures=str(found[FAILED]),
            skipped=str(found[NOT_ANNOUNCED] + found[NOT_TESTABLE]),
        )  # fmt: skip
        for row in mine:
            case = ET.SubElement(
                suite, "testcase", classname=group, name=f"{row.name} {row.title}".strip()
            )
            if row.state == FAILED:
                told = ET.SubElement(case, "failure", message=_xml(row.seen.split("\n")[0]))
                told.text = _xml(row.seen)
            elif row.state != PASSED:
                ET.SubElement(case, "skipped", message=_xml(f"{row.state}: {row.seen}"))
    ET.indent(root)
    return ET.tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def _xml(text: str) -> str:
    """Without the characters that XML 1.0 cannot hold: the other side may have sent them."""
    return "".join(c if c in "\t\n" or 0x20 <= ord(c) < 0xD800 or 0xE000 <= ord(c) < 0xFFFE
                   or ord(c) >= 0x10000 else "�" for c in text[:_SEEN_CHARS_MAX])  # fmt: skip
