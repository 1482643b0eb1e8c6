"""Options that several commands have, and what they lead to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from protocol import handover

from .home_io import ENVIRONMENT, Home, default_home
from .image import MicroPython
from .images_io import Images
from .journal_io import Journal
from .labels import FORMATS, SIZES
from .papers import Job, rows_of
from .ports_io import ports
from .troubles import MISSING, USAGE, FlashError, told

FAST_BAUD = 460800
HomeOption = Annotated[
    Path | None,
    typer.Option("--home", help=f"The laptop's folder (or {ENVIRONMENT}).", show_default=False),
]
JsonOption = Annotated[bool, typer.Option("--json", help="One JSON object, for scripts.")]
PortOption = Annotated[
    str | None, typer.Option("--port", "-p", help="Where the board hangs; the only one if alone.")
]
BaudOption = Annotated[
    int, typer.Option("--baud", min=9600, max=3_000_000, help="Rate while flash is written.")
]
KeysOption = Annotated[
    list[Path] | None,
    typer.Option(
        "--keys", "-k", help="A sealed batch; repeatable. Else those `laptop take` keeps."
    ),
]
PassphraseOption = Annotated[
    Path | None, typer.Option("--passphrase-file", help="File with the laptop's passphrase.")
]
AssetOption = Annotated[
    str | None, typer.Option("--asset", "-a", help="What it becomes; else the next one.")
]
InventoryOption = Annotated[
    Path | None,
    typer.Option(
        "--inventory", "-i", help="CSV of the job (docs/field-guide.md); else the batch."
    ),
]
PortsOption = Annotated[
    list[str] | None, typer.Option("--port", "-p", help="Repeatable; else all there are.")
]
LatOption = Annotated[float | None, typer.Option(min=-90, max=90, help="Where it will stand.")]
PatienceOption = Annotated[
    float, typer.Option("--patience", min=0, help="Seconds to wait for a board that went.")
]
WatchOption = Annotated[
    bool,
    typer.Option("--watch", help="Go on with boards that are plugged in, until all is done."),
]
PoleOption = Annotated[
    bool, typer.Option("--at-the-pole", help="Clock and network must pass, too.")
]
LabelOption = Annotated[
    str, typer.Option("--label", help=f"{', '.join(SIZES)}, with .png or .pdf; or none.")
]
ImageOption = Annotated[
    str | None, typer.Option("--image", help="This image instead of the one in use.")
]


def home_of(folder: Path | None) -> Home:
    """The laptop's folder."""
    return Home(folder or default_home())


def port_of(name: str | None) -> str:
    """The port that is meant; FlashError when that is not one."""
    if name:
        return name
    found = [row.name for row in ports()]
    if len(found) == 1:
        return found[0]
    if not found:
        raise told("no such file or directory: no board is plugged in")
    raise FlashError(f"Which one? --port {' or '.join(found)}", USAGE, "which port")


def label_of(text: str) -> tuple[str, str] | None:
    """Size and format of `62x29.pdf`; the format is PNG unless told."""
    if text == "none":
        return None
    size, _, form = text.partition(".")
    if size not in SIZES or (form or "png") not in FORMATS:
        raise typer.BadParameter(
            f"{text!r}: one of {', '.join(SIZES)}, with .png or .pdf", param_hint="--label"
        )
    return size, form or "png"


def images_of(home: Home, which: str | None) -> dict[str, tuple[Path, MicroPython]]:
    """Images by chip; FlashError at once when there is none, or one without ROMFS."""
    images = Images(home)
    if which:
        image = images.find(which)
        if not image.has_romfs:
            raise told(f"no ROMFS partition in {which}")
        kept = images.fetch(which) if Path(which).is_file() else image
        return {image.chip: (home.images / f"{kept.sha256}.bin", image)}
    found = images.in_use()
    if not found:
        raise FlashError(
            "No MicroPython image is in use: `flash.py image use FILE`.", MISSING, "no image"
        )
    return found


def batches_of(
    home: Home, keys: Iterable[Path] | None, laptop: handover.Laptop
) -> list[dict[str, Any]]:
    """The opened batches."""
    paths = list(keys or ()) or sorted((home.folder / "batches").glob("*.keys"))
    if not paths:
        raise FlashError(
            "No keys: ask the controller for a batch (`lamplighter controller batch-keys`) and "
            "give it with --keys.",
            MISSING,
            "no keys",
        )
    return home.open_batches(paths, laptop)


def job_of(journal: Journal, inventory: Path | None, batches: list[dict[str, Any]]) -> Job:
    """What is to be made: the inventory's rows, or without one all of the batches'."""
    lines = journal.lines().values()
    taken = {line.asset_id: line.node_id for line in lines}
    rows = read_rows(inventory) if inventory else rows_of(batches)
    return Job(rows, batches, taken)


def read_rows(path: Path) -> list[handover.Row]:
    """An inventory; FlashError names every bad line."""
    try:
        return handover.read_inventory(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise FlashError(f"{path}: {error.strerror}.", MISSING) from error
    except UnicodeDecodeError as error:
        raise FlashError(f"{path}: not UTF-8: save it as CSV UTF-8.", USAGE) from error
    except handover.InventoryError as error:
        faults = "\n".join(f"  {fault}" for fault in error.faults)
        raise FlashError(f"{path} cannot be used:\n{faults}", USAGE, "inventory") from error


def told_of(made: Any) -> Mapping[str, Any]:
    """A finished board for scripts."""
    return {
        **made.result, "asset_id": made.asset_id, "receipt": str(made.receipt),
        "label": str(made.label) if made.label else None,
    }  # fmt: skip
