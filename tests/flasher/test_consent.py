"""Nothing is for ever before somebody has typed that it is."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
import typer
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from typer.testing import CliRunner

from flasher import app, consent
from flasher.boot_signing import (
    check_signed,
    digest_of,
    read_signing_key,
    signed,
    without_signatures,
)
from flasher.consent import ENCRYPT_WORDS, PASSPHRASE, SIGN_WORDS, Asked
from flasher.home_io import Home
from flasher.image import look_at
from flasher.secure import Wish
from flasher.troubles import FlashError
from hardware_sim.rom import micropython_image

BOTH = {"flash-encryption": "", "secure-boot": ""}


class Person:
    """Who sits at the terminal, and what they were asked."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *answers: str) -> None:
        self.asked: list[str] = []
        self._answers = list(answers)
        monkeypatch.setattr(sys.stdin, "isatty", lambda: True)
        monkeypatch.setattr(typer, "echo", lambda text, err: self.asked.append(text))
        monkeypatch.setattr(typer, "prompt", self._prompt)

    def _prompt(self, text: str, **_: object) -> str:
        self.asked.append(text)
        return self._answers.pop(0)


def test_each_option_has_a_question_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    person = Person(monkeypatch, ENCRYPT_WORDS, SIGN_WORDS)
    consent.confirmed(BOTH, as_json=False)
    assert len(person.asked) == 4
    assert all("cannot be undone" in text for text in person.asked[::2])
    assert repr(ENCRYPT_WORDS) in person.asked[1]
    assert repr(SIGN_WORDS) in person.asked[3]


@pytest.mark.parametrize(
    "answers", [("yes",), ("",), (SIGN_WORDS,), (ENCRYPT_WORDS, "y"), (ENCRYPT_WORDS.upper(),)]
)
def test_another_answer_burns_nothing(
    answers: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    Person(monkeypatch, *answers)
    with pytest.raises(FlashError, match="Nothing was written or burnt") as caught:
        consent.confirmed(BOTH, as_json=False)
    assert (caught.value.code, caught.value.name) == (4, "not confirmed")


def test_a_script_is_asked_nothing_and_told_what_is_missing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    person = Person(monkeypatch)
    words = {"flash-encryption": ENCRYPT_WORDS, "secure-boot": ""}
    with pytest.raises(FlashError, match=f"--confirm-secure-boot '{SIGN_WORDS}'"):
        consent.confirmed(words, as_json=True)
    consent.confirmed({**words, "secure-boot": SIGN_WORDS}, as_json=True)
    assert not person.asked


@pytest.fixture(scope="module")
def key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 3072)


@pytest.fixture
def locked(tmp_path: Path, key: rsa.RSAPrivateKey) -> Path:
    path = tmp_path / "city.pem"
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
            serialization.BestAvailableEncryption(b"city hall"),
        )
    )  # fmt: skip
    return path


def test_images_are_signed_once_and_kept(
    tmp_path: Path, locked: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(PASSPHRASE, "city hall")
    home = Home(tmp_path / "laptop")
    path = tmp_path / "image.bin"
    path.write_bytes(micropython_image("esp32c3", 4))
    plain = {"esp32c3": (path, look_at(path.read_bytes()))}
    asked = Asked((True, ENCRYPT_WORDS), (True, SIGN_WORDS), locked)
    wish, images = consent.prepared(home, plain, asked, as_json=True)
    assert wish == Wish(True, wish.digest)
    where, image = images["esp32c3"]
    assert where.read_bytes() == image.data != plain["esp32c3"][1].data
    assert consent.prepared(home, plain, asked, as_json=True) == (wish, images)


@pytest.mark.parametrize("planted", ["unsigned", "signed", "no image"])
def test_what_was_planted_among_the_images_is_never_signed_nor_used(
    tmp_path: Path, locked: Path, planted: str, key: rsa.RSAPrivateKey,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setenv(PASSPHRASE, "city hall")
    home = Home(tmp_path / "laptop")
    path = tmp_path / "image.bin"
    image = look_at(micropython_image("esp32", 4))
    path.write_bytes(image.data)
    asked = Asked((False, ""), (True, SIGN_WORDS), locked)
    _, made = consent.prepared(home, {"esp32": (path, image)}, asked, as_json=True)
    where, first = made["esp32"]
    other = bytearray(image.data)
    other[-1] ^= 1
    evil = look_at(bytes(other))
    if planted == "signed":  # By the same key, of another image: an old one, say.
        evil = signed(evil, read_signing_key(locked.read_bytes(), "city hall"))
    where.write_bytes(evil.data if planted != "no image" else b"noise")
    _, again = consent.prepared(home, {"esp32": (path, image)}, asked, as_json=True)
    assert again["esp32"][0] == where
    assert where.read_bytes() == again["esp32"][1].data
    assert without_signatures(again["esp32"][1]) == without_signatures(first)
    check_signed(again["esp32"][1], digest_of(key.public_key()))


def test_a_passphrase_is_asked_where_a_person_sits(
    locked: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(PASSPHRASE, raising=False)
    person = Person(monkeypatch, "city hall")
    assert consent.signing_key(locked, as_json=False).private is not None
    assert person.asked == ["Passphrase of the signing key"]
    with pytest.raises(FlashError, match="under a passphrase"):
        consent.signing_key(locked, as_json=True)


@pytest.mark.parametrize(
    ("asked", "words", "code"),
    [
        (Asked((False, ""), (True, SIGN_WORDS), None), "needs --signing-key", 2),
        (Asked((True, ENCRYPT_WORDS), (False, ""), Path("k")), "is for --secure-boot", 2),
        (Asked((False, ""), (True, SIGN_WORDS), Path("none")), "No such file", 3),
    ],
)
def test_options_that_do_not_fit_together_are_told(
    tmp_path: Path, asked: Asked, words: str, code: int
) -> None:
    with pytest.raises(FlashError, match=words) as caught:
        consent.prepared(Home(tmp_path), {}, asked, as_json=True)
    assert caught.value.code == code


def test_without_an_option_nothing_is_asked_and_nothing_signed(tmp_path: Path) -> None:
    asked = Asked((False, ""), (False, ""), None)
    assert consent.prepared(Home(tmp_path), {}, asked, as_json=True) == (Wish(), {})


@pytest.mark.parametrize("command", ["node", "batch"])
def test_the_help_teaches_what_is_for_ever(command: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    text = " ".join(CliRunner().invoke(app, [command, "--help"]).output.replace("│", " ").split())
    for option in (
        "--flash-encryption", "--secure-boot", "--signing-key", "--confirm-flash-encryption",
        "--confirm-secure-boot",
    ):  # fmt: skip
        assert option in text
    assert text.count("For ever:") == 2
    assert "No cable can write it again" in text
