"""flash.py's commands."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from .build import BuildError, build_application

app = typer.Typer(
    help="Builds the nodes' application and (later) flashes, checks and labels nodes.",
    no_args_is_help=True,
    add_completion=False,
)
_out = Console()
_err = Console(stderr=True)


@app.callback()
def _root() -> None:
    """Field tool of Lamplighter. Exit codes: 0 done, 1 failed, 2 wrong usage, 3 missing."""


@app.command()
def build(
    output: Annotated[
        Path, typer.Option("--output", "-o", help="Where the ROMFS image is written.")
    ] = Path("build/application.romfs"),
    json_output: Annotated[
        bool, typer.Option("--json", help="Print the result as JSON, for scripts.")
    ] = False,
) -> None:
    """Compile the firmware into one ROMFS image that a node runs from flash."""
    try:
        image = build_application()
    except BuildError as error:
        _err.print(f"[red]Not built:[/red] {error}")
        raise typer.Exit(1) from error
    output.parent.mkdir(parents=True, exist_ok=True)
    part = output.with_suffix(output.suffix + ".part")
    part.write_bytes(image.data)
    part.replace(output)
    if json_output:
        print(
            json.dumps(
                {
                    "path": str(output),
                    "size_bytes": len(image.data),
                    "sha256": image.digest,
                    "files": len(image.files),
                }
            )
        )
        return
    _out.print(f"{output}: {len(image.data):,} bytes, {len(image.files)} files")
    _out.print(f"sha256 {image.digest}")


@app.command()
def place(
    where: Annotated[str, typer.Argument(help="As a node prints it: firmware/lamp_main.py:3910")],
) -> None:
    """Tell which line of the sources a line of a node's traceback is."""
    name, _, line = where.rpartition(":")
    linked = build_application().linked
    if name not in linked or not line.isdigit():
        _err.print(f"[red]Not found:[/red] {where}; known are {', '.join(linked)}, with :LINE")
        raise typer.Exit(3)
    path, number = linked[name].place(int(line))
    _out.print(f"{path}:{number}")
