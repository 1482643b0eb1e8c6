"""`lamplighter sim board`: one simulated board, until it is stopped or unplugged."""

from __future__ import annotations

import argparse
import hashlib
import random
from pathlib import Path

from .board import Board
from .chips import CHIPS, stub_entries
from .efuses import Efuses, factory
from .faults import Fault, FaultError, Line, parse
from .flash import Flash
from .port_io import Ports, map_file

_MB = 1024 * 1024
_SIZES_MB = (1, 2, 4, 8, 16, 32)
_ESPRESSIF = bytes.fromhex("246f28")


def main(arguments: list[str]) -> int:
    """0 stopped or unplugged, 2 wrong usage, 3 DIR or the ready file cannot be used."""
    try:
        given = _parser().parse_args(arguments)
    except SystemExit as leave:
        return int(leave.code or 0)
    try:
        return _run(given)
    except OSError as error:
        print(f"board: {error}")
        return 3


def _run(given: argparse.Namespace) -> int:
    folder: Path = given.data
    folder.mkdir(parents=True, exist_ok=True)
    chip = CHIPS[given.chip]
    mac = given.mac or _mac(folder)
    burnt = map_file(folder / "efuses.bin", bytes(factory(chip, mac, given.revision)))
    path = folder / "flash.bin"
    size = given.flash_mb * _MB
    memory = map_file(path, b"\xff" * size)
    if len(memory) != size:
        print(f"board: {path} has {len(memory)} bytes, not {size}")
        return 3
    faults: tuple[Fault, ...] = tuple(given.fault)
    flash = Flash(memory, [f.number for f in faults if f.kind == "bad-sector"])
    efuses = Efuses(chip, burnt)
    for fault in faults:
        if fault.kind in ("unplug-at-burn", "torn-burn"):
            efuses.end_power(fault.number, torn=fault.kind == "torn-burn")
    line = Line(faults, random.Random(given.seed))
    board = Board(chip, flash, efuses, stub_entries(chip), faults, line)
    ports = Ports(board, folder, path, line_speed=given.line_speed, bare=given.bare)
    ports.run(given.ready_file, efuses.mac, button=given.download, port=given.port)
    return 0


def _mac(folder: Path) -> bytes:
    """Each folder is a board of its own, and the same one each time."""
    return _ESPRESSIF + hashlib.sha256(str(folder.resolve()).encode()).digest()[:3]


def _mac_of(text: str) -> bytes:
    mac = bytes.fromhex(text.replace(":", ""))
    if len(mac) != 6:
        raise ValueError(text)
    return mac


def _fault(text: str) -> Fault:
    try:
        return parse(text)
    except FaultError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="lamplighter sim board",
        description="Plays the serial port of an ESP32 board that esptool and mpremote work with.",
    )
    add = parser.add_argument
    add("--chip", choices=sorted(CHIPS), default="esp32")
    add("--flash-mb", type=int, choices=_SIZES_MB, default=4)
    add("--data", type=Path, required=True, metavar="DIR", help="the board: its flash and eFuses")
    add("--ready-file", type=Path, required=True, metavar="F", help="written with the ports")
    add("--fault", type=_fault, action="append", default=[], metavar="KIND[=N]",
        help="noise[=BYTES] drop[=BYTES] unplug-at=BYTES brownout-at=BYTES mute bad-sector=N "
        "wrong-strap unplug-at-burn=N torn-burn=N; may be given again")  # fmt: skip
    add("--port", type=int, default=0, help="of TCP, instead of any that is free")
    add("--mac", type=_mac_of, help="of a new board, instead of one made of DIR's name")
    add("--revision", type=int, choices=(1, 3), default=1, help="of a new ESP32's silicon")
    add("--download", action="store_true", help="power on with the boot button held")
    add("--line-speed", action="store_true", help="pass bytes no faster than the agreed rate")
    add("--bare", action="store_true", help="no lamp, meter and radio cell around the board")
    add("--seed", type=int, default=1, help="of the noise")
    return parser
