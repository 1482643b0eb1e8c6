"""Runs a world from its configuration file: `python -m hardware_sim CONFIG.json`."""

from __future__ import annotations

import asyncio
import sys

from . import world

_USAGE = """usage: lamplighter sim CONFIG.json
       lamplighter sim board --help
       lamplighter sim image --help

Runs a simulated street: its clock, cars, mains, and a process with the real firmware for each
node. CONFIG.json holds plan, data, site_key_file, broker_host, broker_port, listen_host,
listen_port, start_s and, if wanted, speed, seed, traffic, ready_file, update_keys, lines."""


def main(arguments: list[str]) -> int:
    """Run until stopped; 2 for wrong usage, 3 for a configuration that cannot be used."""
    if arguments[:1] == ["board"]:
        from .rom import command  # A street needs nothing of it.

        return command.main(arguments[1:])
    if arguments[:1] == ["image"]:
        from .rom import image_command

        return image_command.main(arguments[1:])
    if arguments in (["--help"], ["-h"]):
        print(_USAGE)
        return 0
    if len(arguments) != 1 or arguments[0].startswith("-"):
        print(_USAGE, file=sys.stderr)
        return 2
    try:
        asyncio.run(world.run(world.read(arguments[0])))
    except world.ConfigError as error:
        print(error, file=sys.stderr)
        return 3
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
