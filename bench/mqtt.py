"""Our MQTT client against umqtt.simple, both under MicroPython and on the same broker."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

import flasher

from .broker import Mosquitto
from .figures import Figure, against
from .frames import ROOT, micropython

_COUNT, _ROUNDS = 1500, 5
_HEAP = "400k"
_THEIRS = "micropython-umqtt.simple>=1.3.4"


def _theirs(folder: Path) -> list[tuple[str, str]]:
    """Their sources; the index has them as an archive that pip does not take for a project."""
    words = [str(Path(sys.executable).with_name("unearth")), _THEIRS, "--no-binary", "--download"]
    subprocess.run([*words, str(folder)], check=True, capture_output=True)
    (archive,) = folder.glob("*.tar.gz")
    with tarfile.open(archive) as packed:
        packed.extractall(folder, filter="data")
    (source,) = folder.glob("*/umqtt/simple.py")
    return [("umqtt/__init__.py", ""), ("umqtt/simple.py", source.read_text())]


def _ours() -> list[tuple[str, str]]:
    rooms = sorted((ROOT / "protocol" / "mqtt").glob("*.py"))
    names = [ROOT / "protocol" / "__init__.py", *rooms]
    return [(str(path.relative_to(ROOT)), path.read_text()) for path in names]


def _run(name: str, image: Path, port: int) -> dict[str, float]:
    loop = str(ROOT / "bench" / "mqtt_loop.py")
    words = [micropython(), "-X", f"heapsize={_HEAP}", loop, name, str(image), str(port)]
    done = subprocess.run([*words, str(_COUNT)], capture_output=True, text=True, check=True)
    said: dict[str, float] = json.loads(done.stdout)
    return said


def measure() -> list[Figure]:
    """Memory held, litter of a message, messages a second; runs take turns, medians are told."""
    runs: dict[str, list[dict[str, float]]] = {"ours": [], "umqtt": []}
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        images = {}
        for name, files in (("ours", _ours()), ("umqtt", _theirs(folder))):
            images[name] = folder / f"{name}.romfs"
            images[name].write_bytes(flasher.build_romfs(files).data)
        with Mosquitto(folder) as broker:
            for _ in range(_ROUNDS):
                for name, image in images.items():
                    runs[name].append(_run(name, image, broker.port))

    def median(name: str, what: str) -> float:
        return statistics.median(run[what] for run in runs[name])

    return [
        against("mqtt_memory_against_umqtt", median("ours", "held"), "bytes",
                median("umqtt", "held"), goal=None, better="lower"),
        against("mqtt_litter_against_umqtt", median("ours", "litter"), "bytes a message",
                median("umqtt", "litter"), goal=None, better="lower"),
        against("mqtt_messages_against_umqtt", median("ours", "per_s"), "messages/s",
                median("umqtt", "per_s"), goal=1.0, better="higher"),
    ]  # fmt: skip
