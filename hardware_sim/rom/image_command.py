"""`lamplighter sim image`: a MicroPython image that a simulated board boots, as a file."""

from __future__ import annotations

import argparse
from pathlib import Path

from .chips import CHIPS
from .image import micropython_image


def main(arguments: list[str]) -> int:
    """0 written, 2 wrong usage, 3 the file cannot be written."""
    parser = argparse.ArgumentParser(
        prog="lamplighter sim image",
        description="Writes a MicroPython image for simulated boards: valid for esptool, with our "
        "partitions. A real board does not start with it.",
    )
    parser.add_argument("--chip", choices=sorted(CHIPS), default="esp32")
    parser.add_argument("--flash-mb", type=int, choices=(4, 8, 16), default=4)
    parser.add_argument("--no-romfs", action="store_true", help="the stock layout, for refusals")
    parser.add_argument("--out", type=Path, required=True, metavar="FILE")
    try:
        given = parser.parse_args(arguments)
    except SystemExit as leave:
        return int(leave.code or 0)
    image = micropython_image(given.chip, given.flash_mb, romfs=not given.no_romfs)
    try:
        given.out.write_bytes(image)
    except OSError as error:
        print(f"image: {given.out}: {error.strerror}")
        return 3
    return 0
