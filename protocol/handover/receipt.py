"""What a laptop tells of a node that it has made: a signed piece of JSON.

The signature (Ed25519) is over the canonical form of the receipt: keys in order, no blanks.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Literal

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from .sealing import Laptop, is_name

FORM = 1
SIZE_MAX = 256 * 1024
_LATER = ("flash_encryption", "secure_boot")
_PURPOSE = b"lamplighter receipt 1"


class ReceiptError(ValueError):
    """A receipt that cannot be accepted; the text says why."""


class Check(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A line of the self-test; passed is None where the board has no such part."""

    check: str
    passed: bool | None
    what: str


class Position(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where it stands or will stand, degrees; source says who says so."""

    lat: float
    lon: float
    source: Literal["csv", "phone", "typed", "plan"]


class Receipt(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A node as it left the bench. Times are RFC 3339.

    `secure_boot`: SHA-256 of the key whose images its chip starts, in hex; "": any image.
    """

    mac: str
    node_id: str
    asset_id: str
    kind: str
    serial: str
    chip: str
    versions: dict[str, Any]
    checks: list[Check]
    passed: bool
    flashed_at: str
    laptop: str
    batch_id: str
    configuration_digest: str = ""
    position: Position | None = None
    photo: str = ""
    form: int = FORM
    flash_encryption: bool = False
    secure_boot: str = ""


def _canonical(receipt: Mapping[str, Any]) -> bytes:
    return json.dumps(receipt, sort_keys=True, separators=(",", ":")).encode()


def sign_receipt(receipt: Receipt, laptop: Laptop) -> str:
    """A receipt as a file."""
    body = msgspec.to_builtins(receipt)
    for name in _LATER:
        if not body[name]:
            del body[name]  # Who reads receipts of before these fields reads this one, too.
    signature = laptop.sign.sign(_PURPOSE + _canonical(body))
    said = {"receipt": body, "public": laptop.card.sign, "signature": signature.hex()}
    return json.dumps(said, indent=1) + "\n"


def check_receipt(text: str | bytes) -> tuple[Receipt, str]:
    """The receipt and the public key (hex) that signed it; whose key that is, the caller knows."""
    if len(text) > SIZE_MAX:
        raise ReceiptError(f"a receipt has at most {SIZE_MAX} bytes")
    try:
        said = json.loads(text)
        body, public, signature = said["receipt"], said["public"], said["signature"]
        key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(public))
        key.verify(bytes.fromhex(signature), _PURPOSE + _canonical(body))
        receipt = msgspec.convert(body, Receipt)
    except InvalidSignature as error:
        raise ReceiptError("the signature is wrong: the receipt was changed") from error
    except msgspec.ValidationError as error:
        raise ReceiptError(f"the receipt is not whole: {error}") from error
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ReceiptError(f"this is no receipt: {error}") from error
    _judge(receipt)
    return receipt, key.public_bytes_raw().hex()


def _judge(receipt: Receipt) -> None:
    for name, value in (("mac", receipt.mac), ("node_id", receipt.node_id)):
        if len(value) != 12 or set(value) - set("0123456789abcdef"):
            raise ReceiptError(f"{name} is {value!r}; expected 12 hex digits")
    if receipt.form != FORM:
        raise ReceiptError(f"a receipt of form {receipt.form}; known is {FORM}")
    if not is_name(receipt.laptop):
        raise ReceiptError("the receipt names no laptop")
    place = receipt.position
    if place is not None and not (-90 <= place.lat <= 90 and -180 <= place.lon <= 180):
        raise ReceiptError(f"position {place.lat}, {place.lon} is nowhere on earth")
