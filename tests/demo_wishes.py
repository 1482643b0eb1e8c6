"""What a demo is asked for, where a test says nothing else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from lamplighter.city import Wishes


def wishes(folder: Path, **more: Any) -> Wishes:
    said: dict[str, Any] = {
        "browser": False, "port": 8080, "data": folder, "lamps": 3, "bays": 2, "speed": 1.0,
        "ready_file": None, "seed": 1, "start": None, "traffic": True, "day_off": False, "line": 0,
        "cms": (),
    }  # fmt: skip
    return Wishes(**{**said, **more})
