"""`python -m bench [--json F] [--only NAME …]`: measures, and tells the figures as a table."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import rich.console
import rich.table
import typer

from . import (
    flash,
    frames,
    health,
    ingest,
    log_reports,
    mqtt,
    nodes,
    parking,
    presence,
    road,
    signature,
)
from .figures import Figure, write

BENCHES = {"frames": frames.measure, "ingest": ingest.measure, "road": road.measure,
           "nodes": nodes.measure, "log_reports": log_reports.measure,
           "parking": parking.measure, "signature": signature.measure,
           "mqtt": mqtt.measure, "presence": presence.measure,
           "health": health.measure, "flash": flash.measure}  # fmt: skip
app = typer.Typer(add_completion=False)


def show(figures: list[Figure]) -> None:
    """The table on standard output."""
    table = rich.table.Table("figure", "value", "unit", "baseline", "ratio", "goal", "reached")
    for f in figures:
        sign = "≥" if f.better == "higher" else "≤"
        reached = {True: "yes", False: "NO", None: ""}[f.reached]
        table.add_row(
            f.name, f"{f.value:.4g}", f.unit, "" if f.baseline is None else f"{f.baseline:.4g}",
            "" if f.ratio is None else f"{f.ratio:.3g}",
            "" if f.goal is None else f"{sign} {f.goal:g}", reached,
        )  # fmt: skip
    rich.console.Console(width=120).print(table)


@app.command()
def main(
    json: Annotated[Path | None, typer.Option(help="Write the figures to this file.")] = None,
    only: Annotated[
        list[str] | None, typer.Option(help=f"One of {', '.join(BENCHES)}; repeatable.")
    ] = None,
) -> None:
    """Measure, each figure as a ratio to a baseline of the same run."""
    for name in only or ():
        if name not in BENCHES:
            raise typer.BadParameter(
                f"{name!r}; expected {', '.join(BENCHES)}", param_hint="--only"
            )
    figures: list[Figure] = []
    for name in only or BENCHES:
        print(f"measuring {name}", file=sys.stderr, flush=True)
        figures += BENCHES[name]()
    if json is not None:
        write(figures, json)
    show(figures)


if __name__ == "__main__":
    app()
