"""`flash.py batch` and `flash.py aside`: many boards, and boards that are given up."""

from __future__ import annotations

import contextlib
import json
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.live import Live
from rich.markup import escape
from rich.table import Table

from . import batch_io, consent, show
from . import options as o
from .batch_io import Batch, Slot
from .journal_io import Journal
from .papers import Job
from .ports_io import ports
from .troubles import FAILED, told

if TYPE_CHECKING:
    from .maker_io import Maker  # Loaded when boards are made: labels take their time.

_commands = typer.Typer()
_PORTS_EACH_CPU = 4
_COLOURS = {"done": "green", "done before": "green", "failed": "bold red", "working": "cyan"}


@_commands.command("batch")
def batch_command(
    inventory: o.InventoryOption = None,
    port: o.PortsOption = None,
    keys: o.KeysOption = None,
    image: o.ImageOption = None,
    parallel: Annotated[int, typer.Option(min=0, help="Boards at once; 0: by this laptop.")] = 0,
    retries: Annotated[int, typer.Option(min=0, max=9, help="After a torn line.")] = 1,
    patience_s: o.PatienceOption = 5.0,
    watch: o.WatchOption = False,
    again: Annotated[bool, typer.Option("--again", help="Also boards that are done.")] = False,
    at_the_pole: o.PoleOption = False,
    label: o.LabelOption = "62x29.png",
    flash_encryption: consent.EncryptionOption = False,
    secure_boot: consent.BootOption = False,
    signing_key: consent.SigningKeyOption = None,
    confirm_flash_encryption: consent.ConfirmEncryptionOption = "",
    confirm_secure_boot: consent.ConfirmBootOption = "",
    baud: o.BaudOption = o.FAST_BAUD,
    report: Annotated[Path | None, typer.Option(help="Write the report here, as JSON.")] = None,
    passphrase_file: o.PassphraseOption = None,
    home: o.HomeOption = None,
    json_output: o.JsonOption = False,
) -> None:
    """Many boards at several ports. After a crash or a power cut run the same command again:
    nothing is done twice, nothing half-done counts, and no identity is given twice.
    """
    from .maker_io import Maker, Wishes

    chosen = o.label_of(label)
    asked = consent.Asked(
        (flash_encryption, confirm_flash_encryption), (secure_boot, confirm_secure_boot),
        signing_key,
    )  # fmt: skip
    with show.exits(as_json=json_output):
        folder = o.home_of(home)
        images = o.images_of(folder, image)
        wish, images = consent.prepared(folder, images, asked, as_json=json_output)
        wishes = Wishes(baud, at_the_pole, again, chosen, wish)
        names = _ports_of(port)
        laptop = folder.unlock(show.passphrase(passphrase_file))
        batches = o.batches_of(folder, keys, laptop)
        with contextlib.closing(Journal(folder.journal)) as journal:
            job = o.job_of(journal, inventory, batches)
            maker = Maker(folder, job, journal, laptop, wishes, images)
            run = _Run(maker, journal, job, names, parallel, json_output)
            said = run.until_done(retries, patience_s, watch=watch)
        if report is not None:
            report.write_text(json.dumps(said, indent=1) + "\n")
    _tell_report(said, as_json=json_output)


def _ports_of(said: list[str] | None) -> list[str]:
    names = list(dict.fromkeys(said or [row.name for row in ports()]))
    if not names:
        raise told("no such file or directory: no board is plugged in")
    return names


@dataclass(frozen=True)
class _Run:
    """One run of a batch."""

    maker: Maker
    journal: Journal
    job: Job
    ports: list[str]
    parallel: int
    quiet: bool

    def until_done(self, retries: int, patience_s: float, *, watch: bool) -> dict[str, Any]:
        """The report, when every port is through."""
        most = min(len(self.ports), _PORTS_EACH_CPU * (os.cpu_count() or 1))
        with _shown(quiet=self.quiet) as board:
            batch = Batch(self.maker, self.ports, self.parallel or most, board.changed)
            board.slots = batch.slots
            left = self._left if watch else None
            batch.run(retries=retries, patience_s=patience_s, watch=left)
        return batch_io.report(batch, *_states(self.journal, self.job))

    def _left(self) -> bool:
        return any(state != "done" for state in _states(self.journal, self.job)[0].values())


def _states(journal: Journal, job: Job) -> tuple[dict[str, str], dict[str, str]]:
    """State and problem of each asset of the job; `open` where no board was begun."""
    lines = journal.lines()
    states, problems = {}, {}
    for node_id, row in job.rows.items():
        line = lines.get(node_id)
        states[row.asset_id] = line.state if line else "open"
        problems[row.asset_id] = line.problem if line else ""
    return states, problems


class _Board:
    """The live table, or a line for each change where there is no terminal."""

    def __init__(self, live: Live | None, *, quiet: bool) -> None:
        self.slots: list[Slot] = []
        self._live = live
        self._quiet = quiet
        self._lock = threading.Lock()
        self._told: dict[str, str] = {}

    def changed(self, slot: Slot) -> None:
        """A port has news."""
        with self._lock:
            if self._live is not None:
                self._live.update(self._table())
            elif not self._quiet and self._told.get(slot.port) != slot.state:
                self._told[slot.port] = slot.state
                show.err.print(f"{slot.port}: {slot.state} {slot.asset_id} {escape(slot.problem)}")

    def _table(self) -> Table:
        table = Table("port", "asset", "MAC", "state", "step", "")
        for slot in self.slots:
            colour = _COLOURS.get(slot.state, "")
            state = f"[{colour}]{slot.state}[/]" if colour else slot.state
            bar = "█" * round(slot.part * 20) if slot.state == "working" else escape(slot.problem)
            table.add_row(slot.port, slot.asset_id, slot.mac, state, slot.step, bar)
        return table


@contextmanager
def _shown(*, quiet: bool) -> Iterator[_Board]:
    if quiet or not show.err.is_terminal:
        yield _Board(None, quiet=quiet)
        return
    with Live(console=show.err, refresh_per_second=8) as live:
        yield _Board(live, quiet=False)


def _tell_report(said: dict[str, Any], *, as_json: bool) -> None:
    """Tell what the job has come to; exit 1 while it is not complete."""
    if as_json:
        show.say_json(said)
    else:
        _draw_report(said)
    if not said["complete"]:
        raise typer.Exit(FAILED)


def _draw_report(said: dict[str, Any]) -> None:
    table = Table("asset", "state", "what to do")
    for row in said["assets"]:
        table.add_row(row["asset_id"], row["state"], escape(row["problem"]))
    show.out.print(table)
    counts = ", ".join(f"{count} {state}" for state, count in said["counts"].items())
    if said["complete"]:
        show.out.print(
            f"[bold green]complete[/]: {counts}. Import the receipts at the controller."
        )
    else:
        show.out.print(f"[bold red]not complete[/]: {counts}. Run the same command again.")


@_commands.command("aside")
def aside_command(
    mac: Annotated[str, typer.Argument(help="Of a board that is broken or lost.")],
    home: o.HomeOption = None,
    json_output: o.JsonOption = False,
) -> None:
    """Give a board up. Its identity is used up, too: ask the controller for another key."""
    from .maker_io import now_text

    with show.exits(as_json=json_output):
        journal = Journal(o.home_of(home).journal)
        plain = mac.lower().replace(":", "").replace("-", "")
        try:
            node_id = journal.put_aside(plain, now_text())
        finally:
            journal.close()
    if json_output:
        show.say_json({"mac": plain, "node_id": node_id})
    else:
        show.out.print(f"{plain} is put aside. At the controller: pki revoke --node {node_id}")


def add_to(app: typer.Typer) -> None:
    """Hang these commands on an application."""
    app.registered_commands += _commands.registered_commands
