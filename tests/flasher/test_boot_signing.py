"""Images that are signed for secure boot: by us, by Espressif's tool, and not."""

from __future__ import annotations

import io

import espsecure
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from flasher.boot_signing import SigningKey, check_signed, digest_of, read_signing_key, signed
from flasher.image import look_at
from flasher.troubles import FlashError
from hardware_sim.rom import CHIPS, micropython_image

WORD = "a long passphrase"
APPLICATION_AT = 0x10000
Private = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey


def pem(key: Private, word: str = "") -> bytes:
    lock: serialization.KeySerializationEncryption = serialization.NoEncryption()
    if word:
        lock = serialization.BestAvailableEncryption(word.encode())
    form = serialization.PrivateFormat.PKCS8
    return key.private_bytes(serialization.Encoding.PEM, form, lock)


def public_pem(key: Private) -> bytes:
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    return key.public_key().public_bytes(serialization.Encoding.PEM, form)


@pytest.fixture(scope="module")
def key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 3072)


def test_espressifs_tool_finds_our_signatures_good(key: rsa.RSAPrivateKey) -> None:
    public = public_pem(key)
    signing_key = SigningKey(digest_of(key.public_key()), key)
    for name in CHIPS:
        image = signed(look_at(micropython_image(name, 4)), signing_key)
        for at in (0, APPLICATION_AT - image.offset):
            piece = image.data[at : at + 0x2000]  # One sector of image, one of signatures.
            espsecure.verify_signature_v2(False, None, io.BytesIO(public), io.BytesIO(piece))


def test_the_digest_is_that_of_espressifs_tool(key: rsa.RSAPrivateKey) -> None:
    wanted = espsecure._digest_sbv2_public_key(io.BytesIO(pem(key)))
    for data, word in (
        (pem(key), ""),
        (pem(key, WORD), WORD),
        (public_pem(key), ""),
        (wanted, ""),
    ):
        assert read_signing_key(data, word).digest == wanted


def test_a_public_key_checks_and_does_not_sign(key: rsa.RSAPrivateKey) -> None:
    plain = look_at(micropython_image("esp32", 4))
    public = read_signing_key(public_pem(key))
    with pytest.raises(FlashError, match=r"boot loader .* is not signed .* there is no signature"):
        signed(plain, public)
    done = signed(plain, read_signing_key(pem(key)))
    assert signed(done, public) == done  # Once signed it is left as it is.


@pytest.mark.parametrize(
    ("at", "words"),
    [
        (0x40, "boot loader .* changed since it was signed"),
        (0x800, "boot loader .* changed since it was signed"),  # What fills its sector up.
        (APPLICATION_AT - 0x1000 + 0x60, "application .* changed since it was signed"),
        (APPLICATION_AT + 0x10, "application .* there is no signature|another key"),
    ],
)
def test_a_changed_byte_is_found_before_anything_is_burnt(
    key: rsa.RSAPrivateKey, at: int, words: str
) -> None:
    signing_key = SigningKey(digest_of(key.public_key()), key)
    image = signed(look_at(micropython_image("esp32", 4)), signing_key)
    changed = bytearray(image.data)
    changed[at] ^= 0x5A
    with pytest.raises(FlashError, match=words):
        check_signed(look_at(bytes(changed)), signing_key.digest)


def test_an_image_of_another_key_is_refused(key: rsa.RSAPrivateKey) -> None:
    image = signed(
        look_at(micropython_image("esp32c3", 4)), SigningKey(digest_of(key.public_key()), key)
    )
    with pytest.raises(FlashError, match="the signature is of another key"):
        check_signed(image, bytes(32))


def test_what_follows_the_image_is_not_written_over(key: rsa.RSAPrivateKey) -> None:
    data = bytearray(micropython_image("esp32", 4))
    data[0x1000:0x1004] = b"else"
    with pytest.raises(FlashError, match="Something follows the boot loader"):
        signed(look_at(bytes(data)), read_signing_key(pem(key)))


def test_an_image_without_an_application_is_never_signed_enough(key: rsa.RSAPrivateKey) -> None:
    signing_key = SigningKey(digest_of(key.public_key()), key)
    image = signed(look_at(micropython_image("esp32", 4)), signing_key)
    data = bytearray(image.data)
    data[APPLICATION_AT - 0x1000] = 0xFF
    with pytest.raises(FlashError, match="no application in this image"):
        check_signed(look_at(bytes(data)), signing_key.digest)


def test_keys_that_do_not_fit_say_why(key: rsa.RSAPrivateKey) -> None:
    curve = ec.generate_private_key(ec.SECP256R1())
    small = rsa.generate_private_key(65537, 2048)
    for data, word, words in (
        (pem(curve), "", "is no RSA key"),
        (pem(small), "", "3072 bits"),
        (public_pem(small), "", "3072 bits"),
        (pem(key, WORD), "", "under a passphrase"),
        (pem(key, WORD), "wrong", "wrong passphrase"),
        (b"nothing", "", "cannot be read"),
    ):
        with pytest.raises(FlashError, match=words) as caught:
            read_signing_key(data, word)
        assert (caught.value.code, caught.value.name) == (4, "signing key")
