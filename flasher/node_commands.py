"""Commands for one board: list, node, check, label."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table

from . import consent, show
from . import options as o
from .crew_io import Crew
from .journal_io import Journal
from .papers import TYPED, Job
from .ports_io import CONSOLE_BAUD, PortRow, ports
from .troubles import MISSING, USAGE, FlashError

if TYPE_CHECKING:
    from .maker_io import Made, Maker  # Loaded when a board is made: labels take their time.

_commands = typer.Typer()


@_commands.command("list")
def list_command(
    port: Annotated[
        list[str] | None, typer.Option("--port", "-p", help="Look here alone; repeatable.")
    ] = None,
    no_look: Annotated[
        bool, typer.Option("--no-look", help="Ports only; boards are not reset.")
    ] = False,
    json_output: o.JsonOption = False,
) -> None:
    """Ports with chip, flash size, MAC and what is on the board. Looking resets a board once."""
    with show.exits(as_json=json_output):
        rows = [PortRow(name, "") for name in port or ()] or ports()
        found = [_look(row, no_look=no_look) for row in rows] if no_look else _look_at_all(rows)
    if json_output:
        show.say_json({"ports": found})
        return
    if not found:
        show.out.print("No board is plugged in. Plug one in, with a cable that carries data.")
        return
    table = Table()
    for name in ("port", "adapter", "chip", "flash", "MAC", "what is on it"):
        table.add_column(name, overflow="fold")
    for row in found:
        flash = f"{row['flash_mb']} MB" if "flash_mb" in row else ""
        holds = f"{row.get('holds', '')} {row.get('node_id', '')}" + row.get("error", "")
        table.add_row(
            row["port"], row["adapter"], row.get("chip", ""), flash, row.get("mac", ""), holds
        )
    show.out.print(table)


def _look_at_all(rows: list[PortRow]) -> list[dict[str, Any]]:
    with ThreadPoolExecutor(max(1, min(8, len(rows)))) as pool:
        return list(pool.map(_look, rows))


def _look(row: PortRow, *, no_look: bool = False) -> dict[str, Any]:
    said: dict[str, Any] = {"port": row.name, "adapter": row.adapter}
    if no_look:
        return said
    job = {"do": "look", "port": row.name, "baud": CONSOLE_BAUD}
    try:
        return said | Crew().work(job, None, lambda step, done, total: None)
    except FlashError as error:
        return said | {"error": str(error), "name": error.name, "code": error.code}


@_commands.command("node")
def node_command(
    port: o.PortOption = None,
    asset: o.AssetOption = None,
    inventory: o.InventoryOption = None,
    keys: o.KeysOption = None,
    image: o.ImageOption = None,
    lat: o.LatOption = None,
    lon: Annotated[float | None, typer.Option(min=-180, max=180, help="With --lat.")] = None,
    serial: Annotated[str, typer.Option(help="On the box.")] = "",
    photo: Annotated[str, typer.Option(help="Path of a photo of the place.")] = "",
    label: o.LabelOption = "62x29.png",
    again: Annotated[bool, typer.Option("--again", help="Also when it is done already.")] = False,
    at_the_pole: o.PoleOption = False,
    flash_encryption: consent.EncryptionOption = False,
    secure_boot: consent.BootOption = False,
    signing_key: consent.SigningKeyOption = None,
    confirm_flash_encryption: consent.ConfirmEncryptionOption = "",
    confirm_secure_boot: consent.ConfirmBootOption = "",
    baud: o.BaudOption = o.FAST_BAUD,
    passphrase_file: o.PassphraseOption = None,
    home: o.HomeOption = None,
    json_output: o.JsonOption = False,
) -> None:
    """One board, one command: erase, MicroPython, application, keys, verify, test, label, receipt.

    Plug the board in and run it. Nothing half-done counts: run it again when anything went wrong.
    """
    from .maker_io import Maker, Wishes

    if (lat is None) != (lon is None):
        raise typer.BadParameter("--lat and --lon come together")
    chosen = o.label_of(label)
    asked = consent.Asked(
        (flash_encryption, confirm_flash_encryption), (secure_boot, confirm_secure_boot),
        signing_key,
    )  # fmt: skip
    typed = {"lat": lat, "lon": lon, "serial": serial, "photo": photo}
    with show.exits(as_json=json_output):
        folder = o.home_of(home)
        images = o.images_of(folder, image)
        wish, images = consent.prepared(folder, images, asked, as_json=json_output)
        wishes = Wishes(baud, at_the_pole, again, chosen, wish)
        where = o.port_of(port)
        laptop = folder.unlock(show.passphrase(passphrase_file))
        batches = o.batches_of(folder, keys, laptop)
        with contextlib.closing(Journal(folder.journal)) as journal:
            job = _narrowed(o.job_of(journal, inventory, batches), asset, typed)
            maker = Maker(folder, job, journal, laptop, wishes, images)
            made = _make(maker, where, quiet=json_output)
    _tell(made, as_json=json_output)


def _make(maker: Maker, port: str, *, quiet: bool) -> Made:
    try:
        with show.Steps(quiet=quiet) as steps:
            return maker.make(port, steps.tell)
    finally:
        maker.crew.end()


def _tell(made: Made, *, as_json: bool) -> None:
    if as_json:
        show.say_json(o.told_of(made))
        return
    result = made.result
    show.checks(result["checks"], result["failed"])
    show.out.print(
        f"[bold green]done[/]: {made.asset_id} is {result['node_id']} (MAC {result['mac']}), "
        f"written in {result['write_s']} s, {result['seconds']} s with its test."
    )
    for name, words in (
        ("flash_encryption", "flash encryption: on for ever, its key is known to the board alone"),
        ("secure_boot", "secure boot: on for ever, by the signing key {}"),
    ):
        if result.get(name):
            show.out.print(words.format(str(result[name])[:16]))
    show.out.print(f"Receipt: {made.receipt}")
    if made.label:
        show.out.print(f"Label: {made.label}. Stick it on now, before you unplug the board.")


def _narrowed(job: Job, asset: str | None, typed: Mapping[str, Any]) -> Job:
    """The job of one asset, with what was typed for it."""
    told = {name: value for name, value in typed.items() if value not in (None, "")}
    if asset is None:
        if told:
            raise FlashError("Say with --asset whose position or serial that is.", USAGE, "usage")
        return job
    for node_id, row in job.rows.items():
        if row.asset_id == asset:
            line = TYPED if "lat" in told else row.line
            job.rows = {node_id: dataclasses.replace(row, **told, line=line)}
            return job
    raise FlashError(f"{asset} is in no batch of this laptop.", MISSING, "no keys")


@_commands.command("check")
def check_command(
    port: o.PortOption = None,
    at_the_pole: o.PoleOption = False,
    json_output: o.JsonOption = False,
) -> None:
    """Identity, versions, configuration digest and self-test of a node, line by line."""
    with show.exits(as_json=json_output):
        job = {"do": "check", "port": o.port_of(port), "at_the_pole": at_the_pole}
        with show.Steps(quiet=json_output) as steps:
            said = Crew().work(job, None, steps.tell)
    if json_output:
        show.say_json({**said, "passed": not said["failed"]})
    else:
        names = ("node_id", "site", "kind", "firmware_version", "configuration_digest", "time")
        for name in names:
            show.out.print(f"{name.replace('_', ' '):<22} {said['status'].get(name, '')}")
        show.checks(said["checks"], said["failed"])
    if said["failed"]:
        show.err.print(f"[bold red]failed[/]: {', '.join(said['failed'])}")
        raise typer.Exit(1)


@_commands.command("label")
def label_command(
    asset: Annotated[
        list[str] | None, typer.Argument(help="Assets; none: all that are done.")
    ] = None,
    size: o.LabelOption = "62x29.png",
    out: Annotated[Path | None, typer.Option("--out", help="Folder; else the laptop's.")] = None,
    home: o.HomeOption = None,
    json_output: o.JsonOption = False,
) -> None:
    """Labels with QR code and text, as PNG or PDF, of nodes that were made here."""
    from . import labels
    from .home_io import write_whole

    chosen = o.label_of(size)
    if chosen is None:
        raise typer.BadParameter("a size, not none", param_hint="--label")
    with show.exits(as_json=json_output):
        folder = o.home_of(home)
        journal = Journal(folder.journal)
        lines = [line for line in journal.lines().values() if line.state == "done"]
        journal.close()
        missing = set(asset or ()) - {line.asset_id for line in lines}
        if missing or not lines:
            text = f"Not made here: {', '.join(sorted(missing)) or 'nothing yet'}."
            raise FlashError(text, MISSING, "no label")
        written = []
        for line in lines:
            if asset and line.asset_id not in asset:
                continue
            label = labels.Label(line.node_id, line.asset_id, line.mac)
            path = (out or folder.labels) / f"{line.asset_id}.{chosen[1]}"
            write_whole(path, labels.encode(labels.draw(label, chosen[0]), chosen[1]))
            written.append(str(path))
    if json_output:
        show.say_json({"labels": written})
    else:
        for name in written:
            show.out.print(name)


def add_to(app: typer.Typer) -> None:
    """Hang these commands on an application."""
    app.registered_commands += _commands.registered_commands
