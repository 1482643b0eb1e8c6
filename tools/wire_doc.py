"""Writes what is derived from the message table: specification, vectors, the console's words.

python -m tools.wire_doc          write them
python -m tools.wire_doc --check  exit 1 if what is written differs
"""

from __future__ import annotations

import json
import sys
import textwrap
from pathlib import Path
from typing import Any

from protocol import wire

ROOT = Path(__file__).resolve().parent.parent
ROOM = ROOT / "protocol" / "wire"
_BEGIN, _END = "<!-- table: begin -->", "<!-- table: end -->"
_KINDS = {"B": "u8", "H": "u16", "I": "u32", "i": "s32", "8s": "8 bytes"}
_SIZES = {"B": 1, "H": 2, "I": 4, "i": 4, "8s": 8}
KEY = bytes(range(32))


def table_text() -> str:
    """One section for each message: offsets in the body, types, bounds."""
    parts = []
    rows = (*wire.MESSAGES, wire.Configuration)
    for row in rows:
        way = "content of an upload" if row is wire.Configuration else (
            "up" if wire.direction(row.TYPE) == wire.UP else "down"
        )  # fmt: skip
        number = "" if row is wire.Configuration else f"0x{row.TYPE:02X} "
        parts.append(f"#### {number}{row.__name__} ({way})\n")
        parts.append(f"{(row.__doc__ or '').strip()}\n".replace("\n    ", "\n"))
        parts.append("| offset | field | type | bounds |\n|---|---|---|---|")
        at = 0
        for name, kind in zip(row.FIELDS, row.KINDS, strict=True):
            letter = wire.struct_letter(kind)
            bound = "{1}–{2}".format(*wire.BOUNDED[kind]) if kind in wire.BOUNDED else ""
            parts.append(f"| {at} | {name} | {_KINDS[letter]} | {bound} |")
            at += _SIZES[letter]
        if row.TAIL:
            parts.append(f"| {at} | {row.TAIL} | u16 length, bytes | |")
        parts.append("")
    codes = ", ".join(f"{code} {name}" for code, name in enumerate(wire.QUANTITY_NAMES) if code)
    parts.append(f"#### Quantities of stations\n\n{codes}.\n")
    return "\n".join(parts)


def sample(row: type[wire.Message], step: int) -> wire.Message:
    """A message with telling values: the lowest allowed ones (step 0) or middling ones."""
    values: dict[str, Any] = {}
    for index, (name, kind) in enumerate(zip(row.FIELDS, row.KINDS, strict=True)):
        if kind == "n":
            values[name] = bytes((step * 16 + index + i) & 0xFF for i in range(8))
            continue
        low, high = wire.BOUNDED[kind][1:] if kind in wire.BOUNDED else (0, 200)
        values[name] = low if step == 0 else (low + high) // 2 + index % 2
    if row.TAIL:
        values[row.TAIL] = b"lamplighter"[: step * 11]
    return row(step, **values)


def vectors() -> list[dict[str, object]]:
    """For each message two frames, tagged with KEY and counter 300 * step."""
    made = []
    for row in wire.MESSAGES:
        for step in (0, 1):
            message = sample(row, step)
            buffer = bytearray(wire.FRAME_SIZE_MAX)
            end = wire.encode_into(buffer, message, 300 * step)
            way = wire.direction(row.TYPE)
            tag = wire.Key(KEY).tag(way, 300 * step, bytes(buffer[:end]))
            fields = {
                name: value.hex() if isinstance(value, bytes) else value
                for name, value in message.as_dict().items()
            }
            made.append(
                {"counter": 300 * step, "frame": (bytes(buffer[:end]) + tag).hex(), **fields}
            )
    return made


def words() -> str:
    """The module of names that a node's console has, for a linked programme keeps none."""
    lines = [
        '"""Words of the console for the numbers of the wire; made by `python -m tools.wire_doc`.',
        "",
        "Cold: a file of its own in the image, for a linked programme has no names.",
        '"""',
        "",
        "# fmt: off",
        "# How a row is packed, and its fields, by its number.",
        "ROWS = {",
    ]
    told = (wire.LampState, wire.BayState, wire.Readings, wire.Hello, wire.NodeState)
    for row in (*told, wire.NodeWear):
        lines.append(f"    {row.TYPE}: (")
        lines += _quoted(f"{row.LAYOUT} {' '.join(row.FIELDS)}", 8)
        lines.append("    ),")
    lines.append("}")
    tables = {
        "REASONS": wire.REASON_NAMES, "RULES": wire.RULE_NAMES, "EVENTS": wire.EVENT_NAMES,
        "QUANTITIES": wire.QUANTITY_NAMES, "BAYS": wire.BAY_NAMES,
    }  # fmt: skip
    for name, names in tables.items():
        lines += [f"{name} = (", *_quoted(" ".join(names), 4), ")"]
    return "\n".join(lines) + "\n"


def _quoted(text: str, indent: int) -> list[str]:
    width = 96 - indent
    parts = textwrap.wrap(text, width, drop_whitespace=False, break_on_hyphens=False)
    return [f'{" " * indent}"{part}"' for part in parts]


def outputs() -> dict[Path, str]:
    """File and content of everything that is derived."""
    page = (ROOM / "README.md").read_text()
    before, rest = page.split(_BEGIN)
    after = rest.split(_END)[1]
    rows = ",\n".join(json.dumps(v) for v in vectors())
    text = f'{{"key": "{KEY.hex()}", "frames": [\n{rows}\n]}}\n'
    return {
        ROOM / "README.md": f"{before}{_BEGIN}\n\n{table_text()}\n{_END}{after}",
        ROOM / "vectors" / "frames.json": text,
        ROOT / "firmware" / "words.py": words(),
    }


def main(arguments: list[str]) -> int:
    """Write, or compare and tell."""
    differing = 0
    for path, text in outputs().items():
        if path.exists() and path.read_text() == text:
            continue
        differing += 1
        if "--check" in arguments:
            print(f"{path.name} differs from the message table: run python -m tools.wire_doc")
        else:
            path.parent.mkdir(exist_ok=True)
            path.write_text(text)
    return 1 if differing and "--check" in arguments else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
