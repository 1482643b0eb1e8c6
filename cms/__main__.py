"""`python -m cms --plan PLAN --listen HOST:PORT --data DIR`: see `--help`."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from protocol import plan, tls, worldclock

from .errors import CmsError, UsageError
from .run import run
from .settings import load

app = typer.Typer(add_completion=False)


@app.command()
def main(
    config: Annotated[Path | None, typer.Option(help="Settings (docs/settings.md).")] = None,
    db: Annotated[str | None, typer.Option(help="SQLAlchemy URL of the database.")] = None,
    listen: Annotated[str | None, typer.Option(help="HOST:PORT of pages, API, TALQ.")] = None,
    data: Annotated[str | None, typer.Option(help="Folder for database and token.")] = None,
    site_plan: Annotated[str | None, typer.Option("--plan", help="Plan file of the site.")] = None,
    clock: Annotated[Path | None, typer.Option(help="Clock page of a simulated world.")] = None,
    ready_file: Annotated[Path | None, typer.Option(help="Written when it is up.")] = None,
    talq_allow_loopback: Annotated[
        bool, typer.Option(help="Take any gateway that announces itself from this machine.")
    ] = False,
    plain_http: Annotated[
        bool, typer.Option("--plain-http", help="Serve without TLS: for tests alone.")
    ] = False,
) -> None:
    """Run the central management: TALQ CMS, operator API and pages."""
    flags = {
        "db": db, "listen": listen, "data": data, "plan": site_plan,
        "talq_allow_loopback": "yes" if talq_allow_loopback else None,
        "plain_http": "yes" if plain_http else None,
    }  # fmt: skip
    try:
        settings = load(config, os.environ, flags)
        source = worldclock.open_page(clock) if clock else worldclock.SystemClock()
        asyncio.run(run(settings, source, ready_file))
    except UsageError as error:
        print(f"cms: {error}", file=sys.stderr)
        raise typer.Exit(2) from error
    except (CmsError, tls.TrustError, plan.PlanError, worldclock.ClockPageError) as error:
        print(f"cms: {error}", file=sys.stderr)
        raise typer.Exit(3) from error


if __name__ == "__main__":
    app()
