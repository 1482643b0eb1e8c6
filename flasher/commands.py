"""flash.py's commands."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from . import batch_commands, node_commands
from .build import KINDS, BuildError, build_application
from .laptop_commands import image_app, laptop_app
from .monitor_command import monitor_command
from .signing import SigningError, pack, read_key, sign

_HELP = """The field engineer's tool: from box to pole (docs/field-guide.md). It works offline.

Once:  `flash.py laptop init van-3`, give van-3.card to the office, which seals keys to it.

Before a job:  `flash.py laptop take job.keys`  and  `flash.py image use firmware.bin`

At the bench:  `flash.py list`,  `flash.py node`  for one board,
`flash.py batch --inventory assets.csv`  for many.

At the pole:  `flash.py check --at-the-pole`,  `flash.py monitor`

Exit codes: 0 done, 1 it failed (said why), 2 wrong usage, 3 something is not there (port, board,
file, keys), 4 refused (rights, wrong chip, signature), 130 interrupted.
"""
app = typer.Typer(
    help=_HELP, no_args_is_help=True, add_completion=False, rich_markup_mode="markdown"
)
_out = Console()
_err = Console(stderr=True)
node_commands.add_to(app)
batch_commands.add_to(app)
app.command("monitor")(monitor_command)
app.add_typer(image_app, name="image")
app.add_typer(laptop_app, name="laptop")


@app.callback()
def _root() -> None:
    pass


_root.__doc__ = _HELP


@app.command()
def build(
    output: Annotated[
        Path, typer.Option("--output", "-o", help="Where the ROMFS image is written.")
    ] = Path("build/application.romfs"),
    version: Annotated[
        int, typer.Option("--version", min=1, help="What the image says it is; rises.")
    ] = 1,
    key: Annotated[
        Path | None, typer.Option("--sign", help="Ed25519 key (PEM) for an update over the air.")
    ] = None,
    package: Annotated[
        str, typer.Option("--package", help="ID:RELEASE of a package for the CMS, with --sign.")
    ] = "",
    json_output: Annotated[
        bool, typer.Option("--json", help="Print the result as JSON, for scripts.")
    ] = False,
) -> None:
    """Compile the firmware into one ROMFS image that a node runs from flash.

    With --sign an update is written beside it (.update), with --package a package (.llpk).
    """
    try:
        _check_package(key, package)  # Before a build of some seconds.
        image = build_application(version)
        files = {output: image.data, **_signed(output, image.data, version, key, package)}
    except (BuildError, SigningError) as error:
        _err.print(f"[red]Not built:[/red] {error}")
        raise typer.Exit(1) from error
    for path, data in files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix(path.suffix + ".part")
        part.write_bytes(data)
        part.replace(path)
    if json_output:
        said = {
            "path": str(output), "size_bytes": len(image.data), "sha256": image.digest,
            "files": len(image.files), "version": version, "written": [str(p) for p in files],
        }  # fmt: skip
        print(json.dumps(said))
        return
    for path, data in files.items():
        _out.print(f"{path}: {len(data):,} bytes")
    _out.print(f"version {version}, {len(image.files)} files, sha256 {image.digest}")


def _check_package(key_path: Path | None, package: str) -> None:
    if package and key_path is None:
        raise SigningError("a package needs --sign")
    if package and ":" not in package:
        raise SigningError(f"--package is {package!r}; expected ID:RELEASE")


def _signed(
    output: Path, image: bytes, version: int, key_path: Path | None, package: str
) -> dict[Path, bytes]:
    """What is written beside an image: an update, and a package with it."""
    if key_path is None:
        return {}
    key = read_key(key_path)
    update = sign(image, key, version)
    files = {output.with_suffix(".update"): update}
    if package:
        package_id, _, release_id = package.partition(":")
        files[output.with_suffix(".llpk")] = pack(update, key, package_id, release_id)
    return files


@app.command()
def place(
    where: Annotated[str, typer.Argument(help="As a node prints it: firmware/lamp_main.py:3910")],
) -> None:
    """Tell which line of the sources a line of a node's traceback is."""
    name, _, line = where.rpartition(":")
    known = [f"firmware/{kind}_main.py" for kind in KINDS]
    if name not in known or not line.isdigit():
        _err.print(f"[red]Not found:[/red] {where}; known are {', '.join(known)}, with :LINE")
        raise typer.Exit(3)
    path, number = build_application().linked[name].place(int(line))
    _out.print(f"{path}:{number}")
