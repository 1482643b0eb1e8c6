"""Runs a world from its configuration file: `python -m hardware_sim CONFIG.json`."""

from __future__ import annotations

import asyncio
import sys

from . import world


def main(arguments: list[str]) -> int:
    """Run until stopped; 2 for wrong usage, 3 for a configuration that cannot be used."""
    if len(arguments) != 1:
        print("usage: python -m hardware_sim CONFIG.json", file=sys.stderr)
        return 2
    try:
        config = world.read(arguments[0])
    except world.ConfigError as error:
        print(error, file=sys.stderr)
        return 3
    asyncio.run(world.run(config))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
