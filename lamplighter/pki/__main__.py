"""`lamplighter pki init|issue|renew|revoke|list`: see `--help` and docs/operator.md."""

from __future__ import annotations

import contextlib
import datetime
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from .authority import Holder, holder_of
from .folder_io import Folder, PkiError

app = typer.Typer(
    add_completion=False, no_args_is_help=True, help="The site's own certificate authority."
)
_Dir = Annotated[Path, typer.Option("--dir", help="Folder of the authority.")]
_Days = Annotated[int, typer.Option(min=1, max=36500, help="How long it is valid.")]
_Role = Annotated[str, typer.Argument(help="cms, gateway or node.")]
_Name = Annotated[str, typer.Argument(help="Name of the gateway or node; none for the CMS.")]
_PKI = Path("pki")


def _now() -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC).replace(microsecond=0)


@contextlib.contextmanager
def _exits() -> Iterator[None]:
    try:
        yield
    except PkiError as error:
        print(f"pki: {error}", file=sys.stderr)
        raise typer.Exit(error.code) from error
    except OSError as error:
        print(f"pki: {error.filename}: {error.strerror}", file=sys.stderr)
        raise typer.Exit(3) from error


def _holder(role: str, name: str, hosts: list[str] | None = None) -> Holder:
    try:
        return holder_of(role, name, hosts or ())
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error


@app.command("init")
def init_command(
    folder: _Dir = _PKI,
    site: Annotated[str, typer.Option(help="Name of the site.")] = "site",
    days: _Days = 3650,
) -> None:
    """Make the authority. Its key never leaves this folder."""
    if not 0 < len(site) <= 48:
        raise typer.BadParameter("1 to 48 characters", param_hint="--site")
    with _exits():
        Folder(folder).init(site, _now(), days)
    print(f"{folder / 'ca.crt'}: give it and {folder / 'crl.pem'} to the CMS and each controller")


@app.command("issue")
def issue_command(
    role: _Role,
    name: _Name = "",
    host: Annotated[
        list[str] | None, typer.Option(help="Host name or IP it is reached at; repeatable.")
    ] = None,
    days: _Days = 365,
    folder: _Dir = _PKI,
) -> None:
    """Issue a certificate and its key."""
    holder = _holder(role, name, host)
    if not holder.hosts and role != "node":
        said = "say where it is reached: --host cms.city.example or --host 10.0.0.4"
        raise typer.BadParameter(said, param_hint="--host")
    with _exits():
        row = Folder(folder).issue(holder, _now(), days)
    _say(folder, row)


@app.command("renew")
def renew_command(role: _Role, name: _Name = "", days: _Days = 365, folder: _Dir = _PKI) -> None:
    """Issue a new key and certificate to the same holder; the former stays valid to its end."""
    holder = _holder(role, name)
    with _exits():
        row = Folder(folder).renew(holder.title, _now(), days)
    _say(folder, row)


@app.command("revoke")
def revoke_command(role: _Role, name: _Name = "", folder: _Dir = _PKI) -> None:
    """Make every certificate of this holder invalid, by the list of revocations."""
    holder = _holder(role, name)
    with _exits():
        for row in Folder(folder).revoke(holder.title, _now()):
            print(f"revoked {row['identity']}, serial {row['serial']}")
    print(f"give {folder / 'crl.pem'} to the CMS and each controller; they need no restart")


@app.command("list")
def list_command(folder: _Dir = _PKI) -> None:
    """Everything that was issued."""
    now = _now()
    with _exits():
        rows = Folder(folder).rows()
    for row in rows:
        end = datetime.datetime.fromisoformat(row["not_after"])
        state = "revoked" if row["revoked_at"] else "expired" if end <= now else "valid"
        print(f"{row['title']:24} {state:8} until {row['not_after']}  serial {row['serial']}")


def _say(folder: Path, row: dict[str, str]) -> None:
    print(f"{folder / row['title']}.crt, .key: {row['identity']}, valid until {row['not_after']}")


if __name__ == "__main__":
    app(prog_name="lamplighter pki")
