"""Addresses inside TALQ and identifiers inside paths."""

from __future__ import annotations

import re
from typing import NamedTuple
from urllib.parse import quote, unquote

from .errors import TalqError

_UUID = re.compile("[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}", re.ASCII)
NIL = "00000000-0000-0000-0000-000000000000"


class Address(NamedTuple):
    """A device, a function of it, or an attribute of that; what is not meant is empty."""

    device: str
    function: str = ""
    attribute: str = ""


def join_address(device: str, function: str = "", attribute: str = "") -> str:
    """`device[/function[/attribute]]`. ValueError for an attribute without a function."""
    if attribute and not function:
        raise ValueError("an attribute belongs to a function")
    return "/".join(part for part in (device, function, attribute) if part)


def split_address(address: str) -> Address:
    """The parts of an address. ValueError when a part is empty or there are too many."""
    parts = address.split("/")
    if len(parts) > 3 or not all(parts):
        raise ValueError("an address is device, device/function or device/function/attribute")
    return Address(*parts)


def read_uuid(text: str) -> str:
    """The UUID in lower case with hyphens. ValueError if it is not written like that."""
    if _UUID.fullmatch(text) is None:
        raise ValueError("not a UUID")
    return text.lower()


def quote_id(identifier: str) -> str:
    """An identifier as one segment of a path; `/` becomes %2F (T11)."""
    return quote(identifier, safe="")


def unquote_id(segment: str) -> str:
    """The identifier in a segment of a path. TalqError 400 when it is no UTF-8."""
    try:
        return unquote(segment, errors="strict")
    except UnicodeDecodeError as error:
        raise TalqError(
            400, "parameterValueNotValid", "an identifier in the path is not UTF-8"
        ) from error
