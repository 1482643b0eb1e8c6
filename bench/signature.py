"""What a signature costs a node: time on this machine, and the least heap it is verified in."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

import flasher

from .figures import Figure

_LOOP = Path(__file__).with_name("signature_loop.py")
_PROGRAM = str(Path(sys.executable).parent / "micropython")
_SOURCE = Path(__file__).parent.parent / "firmware" / "ed25519.py"
_STEP_BYTES = 1024
_NODE_HEAP_BYTES = 111 * 1024
# An ESP32 is so much slower than a machine of the year 2026; the worst is told.
_SLOWER = 100


def run(image: Path, heap_bytes: int) -> list[int] | None:
    """What the loop prints; None when the heap is too small."""
    words = [_PROGRAM, "-X", f"heapsize={heap_bytes}", str(_LOOP), str(image)]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    return None if done.returncode else [int(word) for word in done.stdout.split()]


def measure() -> list[Figure]:
    """Time and heap of one verification."""
    with tempfile.TemporaryDirectory() as folder:
        image = Path(folder) / "ed25519.romfs"
        image.write_bytes(flasher.build_romfs([("ed25519.py", _SOURCE.read_text())]).data)
        best = min(found for _ in range(5) if (found := run(image, _NODE_HEAP_BYTES)))
        tried = [run(image, _NODE_HEAP_BYTES) or best for _ in range(5)]
        module_bytes = best[0]
        whole_ms = min(one[2] for one in tried) / 1000
        slice_ms = min(one[3] for one in tried) / 1000
        heap_bytes, free = _NODE_HEAP_BYTES, best[1]
        while found := run(image, heap_bytes - _STEP_BYTES):
            heap_bytes -= _STEP_BYTES
            free = found[1]
    told = (
        ("one verification here", whole_ms, "ms", None),
        ("on an ESP32, estimated", whole_ms * _SLOWER / 1000, "s", 10.0),
        ("slowest slice on an ESP32, estimated", slice_ms * _SLOWER, "ms", 50.0),
        ("module in memory", float(module_bytes), "bytes", None),
        ("least free heap, module included", float(free), "bytes", 20_000.0),
    )
    return [
        Figure(f"signature: {name}", value, unit, None, None, goal, "lower")
        for name, value, unit, goal in told
    ]
