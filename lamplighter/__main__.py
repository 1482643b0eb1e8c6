"""`lamplighter COMMAND`: demo, cms, controller, flash, sim, monitor, token, pki, talq."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from .errors import MissingError

app = typer.Typer(
    add_completion=False, no_args_is_help=True, help="Street lights and parking bays of a city."
)
_RECEIPTS = ("batch-keys", "import", "exchange")
_KEYS = ("--laptop", "--node", "--all", "--ca", "--password")
_PASSED = {"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []}


@app.command()
def demo(
    browser: Annotated[bool, typer.Option(help="Open the pages in a browser.")] = True,
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port of pages and API.")] = 8080,
    data: Annotated[Path, typer.Option(help="Where the city is kept.")] = Path("demo-data"),
    lamps: Annotated[int, typer.Option(min=0, max=5000, help="Lamps of a new city.")] = 24,
    bays: Annotated[int, typer.Option(min=0, max=5000, help="Bays of a new city.")] = 16,
    speed: Annotated[
        float, typer.Option(min=0.01, max=3600, help="Simulated seconds in a second.")
    ] = 20.0,
    ready_file: Annotated[Path | None, typer.Option(help="Written when all is up.")] = None,
    seed: Annotated[int, typer.Option(help="Makes traffic and faults repeatable.")] = 1,
    start: Annotated[
        str | None,
        typer.Option(help="Simulated time as 2026-12-24T15:00; default: 20 min before sunset."),
    ] = None,
    traffic: Annotated[str, typer.Option(help="on or off: cars and people.")] = "on",
    mains: Annotated[str, typer.Option(help="always-on, or day-off: no power by day.")] = (
        "always-on"
    ),
    line: Annotated[
        int, typer.Option(min=0, max=32, help="So many lamps hang on a serial line (RS-485).")
    ] = 0,
    cms: Annotated[list[str] | None, typer.Option(help="A further CMS; repeatable.")] = None,
) -> None:
    """Everything on this machine: a small Brussels quarter with real firmware, and its map."""
    from . import city
    from . import demo as room

    if traffic not in ("on", "off"):
        raise typer.BadParameter("expected on or off", param_hint="--traffic")
    if mains not in ("always-on", "day-off"):
        raise typer.BadParameter("expected always-on or day-off", param_hint="--mains")
    if lamps + bays == 0:
        raise typer.BadParameter("a city needs lamps or bays", param_hint="--lamps")
    wishes = city.Wishes(
        browser=browser, port=port, data=data.resolve(), lamps=lamps, bays=bays, speed=speed,
        ready_file=ready_file, seed=seed, start=start, traffic=traffic == "on",
        day_off=mains == "day-off", line=line, cms=tuple(cms or ()),
    )  # fmt: skip
    try:
        raise typer.Exit(asyncio.run(room.run(wishes)))
    except city.StartError as error:
        raise typer.BadParameter(str(error), param_hint="--start") from error
    except MissingError as error:
        print(f"lamplighter: {error}", file=sys.stderr)
        raise typer.Exit(3) from error


def _become(module: str, arguments: list[str]) -> None:
    """Turn into another of our programs: its own process, its own signals."""
    sys.stdout.flush()
    os.execv(sys.executable, [sys.executable, "-m", module, *arguments])


@app.command("cms", context_settings=_PASSED)
def cms_command(context: typer.Context) -> None:
    """Central management: TALQ CMS, operator API, pages. `lamplighter cms --help`."""
    _become("cms", context.args)


@app.command("controller", context_settings=_PASSED)
def controller_command(context: typer.Context) -> None:
    """The edge controller: nodes below, a TALQ gateway above. `lamplighter controller --help`.

    Its commands `batch-keys` and `import` give keys to laptops and take their receipts.
    """
    beside = context.args[:1] and context.args[0] in _RECEIPTS
    _become("controller.receipts_command" if beside else "controller", context.args)


@app.command("flash", context_settings=_PASSED)
def flash_command(context: typer.Context) -> None:
    """The field engineer's tool: from box to pole. `lamplighter flash --help`."""
    _become("flasher", context.args)


@app.command("sim", context_settings=_PASSED)
def sim_command(context: typer.Context) -> None:
    """A simulated street, or one board's serial port. `lamplighter sim --help`."""
    _become("hardware_sim", context.args)


@app.command("token", context_settings=_PASSED)
def token_command(context: typer.Context) -> None:
    """Create an API token. `lamplighter token --help`."""
    _become("cms.token", context.args)


@app.command("pki", context_settings=_PASSED)
def pki_command(context: typer.Context) -> None:
    """The site's certificate authority, for TLS. `lamplighter pki --help`.

    `pki revoke --laptop NAME` and `--node ID` end keys of nodes at the controller, `pki renew`
    with `--node ID` or `--all` renews keys, passwords and authority of nodes over the air,
    `pki status` tells how far that is, and `pki passwords` writes the broker's list.
    """
    args = context.args
    of_nodes = args[:1] in (["revoke"], ["renew"]) and any(a.startswith(_KEYS) for a in args)
    if of_nodes or args[:1] in (["status"], ["passwords"]):
        _become("controller.keys_command", args)
    _become("lamplighter.pki", args)


@app.command("talq", context_settings=_PASSED)
def talq_command(context: typer.Context) -> None:
    """Check any TALQ endpoint, or play its counterpart. `lamplighter talq --help`."""
    _become("lamplighter.talq", context.args)


@app.command()
def monitor(
    broker: Annotated[str, typer.Argument(help="HOST:PORT of an MQTT broker.")],
    user: Annotated[str | None, typer.Option(help="User at the broker.")] = None,
    password_file: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, help="File with its password.")
    ] = None,
    topic: Annotated[str, typer.Option(help="What to listen to.")] = "ll/#",
    count: Annotated[int, typer.Option(min=0, help="End after so many; 0: never.")] = 0,
) -> None:
    """Print the decoded frames that pass a broker."""
    from . import monitor as room

    try:
        password = password_file.read_text().strip() if password_file else None
    except OSError as error:
        print(f"lamplighter: {password_file}: {error.strerror}", file=sys.stderr)
        raise typer.Exit(3) from error
    try:
        asyncio.run(room.run(broker, user, password, topic, count))
    except MissingError as error:
        print(f"lamplighter: {error}", file=sys.stderr)
        raise typer.Exit(3) from error
    except KeyboardInterrupt:
        raise typer.Exit(130) from None


def main() -> None:
    """The console script."""
    app()


if __name__ == "__main__":
    main()
