"""`lamplighter token --name NAME --role ROLE`: creates an API token and prints it once."""

from __future__ import annotations

import asyncio
import os
import sys
import time
from pathlib import Path
from typing import Annotated

import typer

from . import people
from .errors import CmsError
from .run import add_token
from .settings import load
from .store import Store

app = typer.Typer(add_completion=False)


async def _create(url: str, name: str, role: str) -> str:
    store = Store(url)
    await store.open()
    try:
        return await add_token(store, name, role, int(time.time() * 1000))
    finally:
        await store.close()


@app.command()
def main(
    name: Annotated[str, typer.Option(help="Whose token it is; shown in what they do.")],
    role: Annotated[str, typer.Option(help=f"One of {', '.join(people.ROLES)}.")] = "operator",
    config: Annotated[Path | None, typer.Option(help="Settings (docs/settings.md).")] = None,
    db: Annotated[str | None, typer.Option(help="SQLAlchemy URL of the database.")] = None,
    data: Annotated[str | None, typer.Option(help="Folder of the CMS.")] = None,
) -> None:
    """Create an API token. Only its digest is kept: write down what is printed."""
    if role not in people.ROLES:
        raise typer.BadParameter(
            f"{role!r}; expected one of {', '.join(people.ROLES)}", param_hint="--role"
        )
    try:
        settings = load(config, os.environ, {"db": db, "data": data})
        print(asyncio.run(_create(settings.db, name, role)))
    except CmsError as error:
        print(f"token: {error}", file=sys.stderr)
        raise typer.Exit(3) from error


if __name__ == "__main__":
    app()
