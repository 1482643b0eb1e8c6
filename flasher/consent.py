"""Flash encryption and secure boot as options: what is asked before anything is for ever.

Each has its own question; its answer is typed, or given as an option by a script. Nothing is
asked of a board, so that one answer holds for a batch, too.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from .boot_signing import (
    SigningKey,
    check_signed,
    is_locked,
    read_signing_key,
    signed,
    without_signatures,
)
from .home_io import Home, write_whole
from .image import MicroPython, look_at
from .secure import Wish
from .troubles import MISSING, REFUSED, USAGE, FlashError

PASSPHRASE = "LAMPLIGHTER_SIGNING_PASSPHRASE"
UNCONFIRMED = "not confirmed"
ENCRYPT_WORDS, SIGN_WORDS = "encrypt for ever", "sign for ever"
EncryptionOption = Annotated[
    bool,
    typer.Option(
        "--flash-encryption",
        help="For ever: burn a key that only the board has, so that its flash read by a thief is "
        "noise. No cable can write it again (docs/production.md).",
    ),
]
BootOption = Annotated[
    bool,
    typer.Option(
        "--secure-boot",
        help="For ever: the chip starts only what the city's --signing-key has signed. An ESP32 "
        "needs revision 3.",
    ),
]
SigningKeyOption = Annotated[
    Path | None,
    typer.Option(
        "--signing-key",
        metavar="FILE",
        help="RSA-3072: private key (PEM; signs what is not signed), or public key or its digest "
        f"(32 bytes) for images signed in the office. Its passphrase: {PASSPHRASE}, or asked.",
    ),
]
ConfirmEncryptionOption = Annotated[
    str,
    typer.Option(
        "--confirm-flash-encryption", metavar="WORDS",
        help=f"For scripts, instead of the question: {ENCRYPT_WORDS!r}.",
    ),
]  # fmt: skip
ConfirmBootOption = Annotated[
    str,
    typer.Option(
        "--confirm-secure-boot", metavar="WORDS",
        help=f"For scripts, instead of the question: {SIGN_WORDS!r}.",
    ),
]  # fmt: skip
Images = dict[str, tuple[Path, MicroPython]]
_ENCRYPT_QUESTION = (
    "Flash encryption burns a key into each board that nobody else will ever know. It cannot be "
    "undone: the board is never written by cable again, only updated over the air."
)
_SIGN_QUESTION = (
    "Secure boot burns the digest of the city's signing key into each board. It cannot be undone: "
    "the board starts nothing else for ever. Who loses the key can never change what starts."
)


def confirmed(said: Mapping[str, str], *, as_json: bool) -> None:
    """Ask for each option that is not confirmed: words that were given, by option's name.

    FlashError when the words are not the right ones, or nobody is there to be asked.
    """
    questions = {
        "flash-encryption": (_ENCRYPT_QUESTION, ENCRYPT_WORDS),
        "secure-boot": (_SIGN_QUESTION, SIGN_WORDS),
    }
    for option, given in said.items():
        question, words = questions[option]
        if not given and not as_json and sys.stdin.isatty():
            typer.echo(question, err=True)
            given = typer.prompt(f"Type {words!r} to go on", err=True)
        if given.strip() != words:
            raise FlashError(
                f"--{option} is not confirmed: {question} Confirm it with "
                f"--confirm-{option} {words!r}. Nothing was written or burnt.",
                REFUSED, UNCONFIRMED,
            )  # fmt: skip


def signing_key(path: Path | None, *, as_json: bool) -> SigningKey:
    """The city's key; FlashError when there is none."""
    if path is None:
        raise FlashError(
            "--secure-boot needs --signing-key: the city's key, its public half, or its digest.",
            USAGE, "signing key",
        )  # fmt: skip
    try:
        data = path.read_bytes()
    except OSError as error:
        raise FlashError(f"{path}: {error.strerror}.", MISSING, "signing key") from error
    word = ""
    if is_locked(data):
        word = os.environ.get(PASSPHRASE, "")
        if not word and not as_json and sys.stdin.isatty():
            word = typer.prompt("Passphrase of the signing key", hide_input=True, err=True)
    return read_signing_key(data, word)


@dataclass(frozen=True)
class Asked:
    """Options of a command: whether it is wished, and the words that confirm it."""

    flash_encryption: tuple[bool, str]
    secure_boot: tuple[bool, str]
    key: Path | None


def prepared(home: Home, images: Images, asked: Asked, *, as_json: bool) -> tuple[Wish, Images]:
    """What boards are to get, confirmed, and their images: signed where that is wished."""
    if asked.key is not None and not asked.secure_boot[0]:
        raise FlashError("--signing-key is for --secure-boot.", USAGE, "usage")
    options = {"flash-encryption": asked.flash_encryption, "secure-boot": asked.secure_boot}
    confirmed({name: word for name, (on, word) in options.items() if on}, as_json=as_json)
    if not asked.secure_boot[0]:
        return Wish(asked.flash_encryption[0]), images
    key = signing_key(asked.key, as_json=as_json)
    return Wish(asked.flash_encryption[0], key.digest), _signed_images(home, images, key)


def _signed_images(home: Home, images: Images, key: SigningKey) -> Images:
    """Images as boards get them: signed. FlashError when they cannot be."""
    found = {}
    for chip, (path, image) in images.items():
        # A signature is another each time, so the first is kept.
        kept = home.images / f"{image.sha256[:24]}-{key.digest.hex()[:24]}.signed"
        done = _kept(kept, image, key)
        if done is None:
            done = signed(image, key)
            if done.data != image.data:
                write_whole(kept, done.data)
        found[chip] = (kept if done.data != image.data else path, done)
    return found


def _kept(path: Path, image: MicroPython, key: SigningKey) -> MicroPython | None:
    """What was signed earlier of just this image; None for whatever else lies there."""
    try:
        found = look_at(path.read_bytes())
        check_signed(found, key.digest)
        return found if without_signatures(found) == without_signatures(image) else None
    except (OSError, FlashError):
        return None
