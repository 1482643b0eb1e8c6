"""`python -m controller --config controller.toml --cms URL`: see `--help`."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from protocol import plan, worldclock

from .errors import ControllerError
from .run import run
from .settings import load

app = typer.Typer(add_completion=False)


@app.command()
def main(
    config: Annotated[Path, typer.Option(help="Settings (docs/settings.md).")],
    cms: Annotated[
        list[str] | None, typer.Option(help="Base URI of a CMS; may be repeated.")
    ] = None,
    clock: Annotated[Path | None, typer.Option(help="Clock page of a simulated world.")] = None,
    ready_file: Annotated[
        Path | None, typer.Option(help="Written when the controller is up.")
    ] = None,
) -> None:
    """Run an edge controller: node frames below, a TALQ gateway above."""
    try:
        settings = load(config, os.environ, tuple(cms or ()))
        source = worldclock.open_page(clock) if clock else worldclock.SystemClock()
        asyncio.run(run(settings, source, ready_file))
    except (ControllerError, plan.PlanError, worldclock.ClockPageError) as error:
        print(f"controller: {error}", file=sys.stderr)
        raise typer.Exit(3) from error


if __name__ == "__main__":
    app()
