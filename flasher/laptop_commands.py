"""`flash.py laptop` and `flash.py image`: what a laptop has before it goes out."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from protocol import handover

from . import consent, show
from . import options as o
from .boot_signing import signed
from .home_io import write_whole
from .image import look_at
from .images_io import Images
from .troubles import MISSING, REFUSED, FlashError

laptop_app = typer.Typer(no_args_is_help=True, help="This laptop's keys, and batches it takes.")
image_app = typer.Typer(no_args_is_help=True, help="MicroPython images, kept for offline use.")


@laptop_app.command("init")
def init_command(
    name: Annotated[str, typer.Argument(help="Of this laptop: a-z 0-9 and -.")],
    passphrase_file: o.PassphraseOption = None,
    home: o.HomeOption = None,
    json_output: o.JsonOption = False,
) -> None:
    """Make this laptop's keys, once. Give its card to whoever runs the controller."""
    with show.exits(as_json=json_output):
        folder = o.home_of(home)
        card = folder.init(name, show.passphrase(passphrase_file, new=True))
    _say_card(folder.folder / f"{name}.card", card, as_json=json_output)


@laptop_app.command("card")
def card_command(home: o.HomeOption = None, json_output: o.JsonOption = False) -> None:
    """Write this laptop's card again: its name and public keys."""
    with show.exits(as_json=json_output):
        folder = o.home_of(home)
        card = folder.card()
    _say_card(folder.folder / f"{card.name}.card", card, as_json=json_output)


def _say_card(path: Path, card: handover.Card, *, as_json: bool) -> None:
    import json

    path.write_text(json.dumps({"form": 1, **card.told()}, indent=1) + "\n")
    if as_json:
        show.say_json({**card.told(), "card": str(path)})
        return
    show.out.print(f"{path}: give this file to the controller, which seals batches to it:")
    show.out.print(f"  lamplighter controller batch-keys --laptop {path.name} …")


@laptop_app.command("take")
def take_command(
    batch: Annotated[Path, typer.Argument(help="A sealed batch from the controller.")],
    passphrase_file: o.PassphraseOption = None,
    home: o.HomeOption = None,
    json_output: o.JsonOption = False,
) -> None:
    """Keep a sealed batch, after trying that this laptop can open it. It stays sealed."""
    with show.exits(as_json=json_output):
        folder = o.home_of(home)
        laptop = folder.unlock(show.passphrase(passphrase_file))
        content = folder.open_batches([batch], laptop)[0]
        target = folder.folder / "batches" / f"{content['batch_id']}.keys"
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            shutil.copyfile(batch, target)
        except OSError as error:
            raise FlashError(f"{target}: {error.strerror}.", MISSING) from error
    said = {"batch_id": content["batch_id"], "site": content["site"]}
    if json_output:
        show.say_json({**said, "nodes": len(content["nodes"]), "path": str(target)})
    else:
        show.out.print(f"{target}: {len(content['nodes'])} nodes of {content['site']}")


@image_app.command("fetch")
def fetch_command(
    where: Annotated[str, typer.Argument(help="File, or http(s) address.")],
    sha256: Annotated[str, typer.Option(help="What it must be; take it from another page.")] = "",
    use: Annotated[bool, typer.Option("--use", help="And use it for its chip.")] = False,
    home: o.HomeOption = None,
    json_output: o.JsonOption = False,
) -> None:
    """Keep an image by its SHA-256, so that it is there without a network."""
    with show.exits(as_json=json_output):
        images = Images(o.home_of(home))
        image = images.fetch(where, sha256)
        if use:
            images.use(image.sha256)
    said = {
        "sha256": image.sha256, "chip": image.chip, "version": image.version,
        "flash_mb": image.flash_mb, "romfs": image.has_romfs, "in_use": use,
    }  # fmt: skip
    if json_output:
        show.say_json(said)
        return
    show.out.print(
        f"{image.version} for {image.chip}, {image.flash_mb} MB flash, sha256 {image.sha256}"
    )
    if not image.has_romfs:
        show.err.print("It has no ROMFS partition: our application cannot run on it.")


@image_app.command("use")
def use_command(
    which: Annotated[str, typer.Argument(help="Beginning of a SHA-256, or a file.")],
    home: o.HomeOption = None,
    json_output: o.JsonOption = False,
) -> None:
    """Let boards of its chip get this image."""
    with show.exits(as_json=json_output):
        image = Images(o.home_of(home)).use(which)
    if json_output:
        show.say_json({"sha256": image.sha256, "chip": image.chip, "version": image.version})
    else:
        show.out.print(f"{image.chip} gets {image.version}, sha256 {image.sha256[:12]}")


@image_app.command("sign")
def sign_command(
    image: Annotated[Path, typer.Argument(help="MicroPython: the whole image.")],
    key: consent.SigningKeyOption = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Else beside it: NAME.signed.bin.")
    ] = None,
    json_output: o.JsonOption = False,
) -> None:
    """Sign an image for secure boot, in the office: laptops then need the public key alone."""
    with show.exits(as_json=json_output):
        found = consent.signing_key(key, as_json=json_output)
        try:
            done = signed(look_at(image.read_bytes()), found)
        except OSError as error:
            raise FlashError(f"{image}: {error.strerror}.", MISSING) from error
        target = output or image.with_suffix(".signed.bin")
        write_whole(target, done.data)
    said = {"path": str(target), "sha256": done.sha256, "secure_boot": found.digest.hex()}
    if json_output:
        show.say_json(said)
    else:
        show.out.print(f"{target}: signed by {said['secure_boot'][:16]}, sha256 {done.sha256}")


@image_app.command("list")
def list_command(home: o.HomeOption = None, json_output: o.JsonOption = False) -> None:
    """Images that are kept, and which one each chip gets."""
    with show.exits(as_json=json_output):
        rows = Images(o.home_of(home)).rows()
    if json_output:
        show.say_json({"images": rows})
        return
    table = Table("sha256", "chip", "version", "flash", "ROMFS", "in use")
    for row in rows:
        table.add_row(
            row["sha256"][:12], row["chip"], row["version"], f"{row['flash_mb']} MB",
            "yes" if row["romfs"] else "NO", "yes" if row["in_use"] else "",
        )  # fmt: skip
    show.out.print(table)


@image_app.command("forget")
def forget_command(
    which: Annotated[str, typer.Argument(help="Beginning of a SHA-256.")],
    home: o.HomeOption = None,
) -> None:
    """Remove an image that no chip uses."""
    with show.exits():
        folder = o.home_of(home)
        image = Images(folder).find(which)
        used = {digest.stem for digest, _ in Images(folder).in_use().values()}
        if image.sha256 in used:
            raise FlashError("It is in use: `image use` another one before.", REFUSED)
        (folder.images / f"{image.sha256}.bin").unlink(missing_ok=True)
    show.out.print(f"forgotten: {image.sha256[:12]}")
