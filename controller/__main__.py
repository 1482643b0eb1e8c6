"""`python -m controller --config controller.toml --cms URL`: see `--help`."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from protocol import plan, tls, worldclock

from .errors import ControllerError, UsageError
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
    plain_http: Annotated[
        bool, typer.Option("--plain-http", help="Serve without TLS: for tests alone.")
    ] = False,
) -> None:
    """Run an edge controller: node frames below, a TALQ gateway above."""
    try:
        settings = load(config, os.environ, tuple(cms or ()), plain_http=plain_http)
        source = worldclock.open_page(clock) if clock else worldclock.SystemClock()
        asyncio.run(run(settings, source, ready_file))
    except UsageError as error:
        print(f"controller: {error}", file=sys.stderr)
        raise typer.Exit(2) from error
    except (ControllerError, tls.TrustError, plan.PlanError, worldclock.ClockPageError) as error:
        print(f"controller: {error}", file=sys.stderr)
        raise typer.Exit(3) from error


if __name__ == "__main__":
    app()
