"""What every request carries, and the encodings of a body (T2, T3, T5, T6)."""

from __future__ import annotations

import gzip
import re
import zlib
from collections.abc import Mapping

from .addresses import NIL, read_uuid
from .errors import TalqError

API_VERSION = "2.7.1"
VERSION_HEADER = "talq-api-version"
# A city's 10,000 devices with all their functions come in one request of some 40 MB.
BODY_BYTES_MAX = 64 * 1024 * 1024

_VERSION = re.compile(r"(\d{1,4})\.(\d{1,4})(?:\.\d{1,4})?", re.ASCII)
_OURS = _VERSION.fullmatch(API_VERSION)
ENCODINGS = ("gzip", "deflate")


def check_request(
    query: Mapping[str, str],
    headers: Mapping[str, str],
    body_bytes: int = 0,
    *,
    caused: bool = True,
    announcing: bool = False,
) -> str | None:
    """The sender's UUID from what every request carries; header names in lower case.

    caused: its operation carries the two request ids. announcing: the one request that may lack a
    real clientAddress, which is None then (T2).
    Raises TalqError: 400, or 413 for a body beyond BODY_BYTES_MAX.
    """
    if body_bytes > BODY_BYTES_MAX:
        raise TalqError(413, "payloadError", f"a body has at most {BODY_BYTES_MAX} bytes")
    if "chunked" in headers.get("transfer-encoding", "").lower():
        raise TalqError(
            400, "headerValueNotValid", "bodies come with a length", "transfer-encoding"
        )
    minor = peer_minor(headers)
    _check_request_id(query, "talqRequestId", caused and minor >= _our_minor())
    _check_request_id(query, "talqOriginRequestId", False)
    sender = query.get("clientAddress")
    if not sender or sender == NIL:
        if announcing:
            return None
        if not sender:
            raise TalqError(400, "parameterMissing", "is missing", "clientAddress")
        raise TalqError(400, "parameterValueNotValid", "must not be NIL here", "clientAddress")
    try:
        return read_uuid(sender)
    except ValueError as error:
        raise TalqError(400, "parameterValueNotValid", str(error), "clientAddress") from error


def peer_minor(headers: Mapping[str, str]) -> int:
    """The MINOR version that a peer announced. TalqError 400 for another MAJOR (T3)."""
    told = headers.get(VERSION_HEADER)
    if told == API_VERSION:
        return _our_minor()
    if not told:
        raise TalqError(400, "headerMissing", "is missing", VERSION_HEADER)
    match = _VERSION.fullmatch(told.strip())
    if match is None or _OURS is None or match[1] != _OURS[1]:
        raise TalqError(400, "headerValueNotValid", f"we speak {API_VERSION}", VERSION_HEADER)
    return int(match[2])


def _our_minor() -> int:
    return int(_OURS[2]) if _OURS else 0


def _check_request_id(query: Mapping[str, str], name: str, needed: bool) -> None:
    told = query.get(name)
    if not told:
        # Peers of an older minor version may lack it; we adapt (T3).
        if needed:
            raise TalqError(400, "parameterMissing", "is missing", name)
        return
    try:
        read_uuid(told)
    except ValueError as error:
        raise TalqError(400, "parameterValueNotValid", str(error), name) from error


def decompress(body: bytes, encoding: str, size_max: int = BODY_BYTES_MAX) -> bytes:
    """The body without its Content-Encoding; never more than size_max bytes are made.

    Raises TalqError: 415 unknown encoding, 413 too large, 400 broken.
    """
    name = encoding.strip().lower()
    if name in ("", "identity"):
        if len(body) > size_max:
            raise TalqError(413, "payloadError", f"a body has at most {size_max} bytes")
        return body
    if name not in ENCODINGS:
        raise TalqError(415, "headerValueNotValid", "gzip or deflate", "content-encoding")
    if name == "gzip":
        return _inflate(body, zlib.MAX_WBITS | 16, size_max)
    try:
        return _inflate(body, zlib.MAX_WBITS, size_max)
    except TalqError as error:
        # Many clients send deflate without the zlib wrapping; both are met in the field.
        if error.status == 413:
            raise
        return _inflate(body, -zlib.MAX_WBITS, size_max)


def _inflate(body: bytes, window_bits: int, size_max: int) -> bytes:
    machine = zlib.decompressobj(window_bits)
    try:
        made = machine.decompress(body, size_max + 1)
    except zlib.error as error:
        raise TalqError(400, "payloadError", "the compressed body is broken") from error
    if len(made) > size_max:
        raise TalqError(413, "payloadError", f"a body has at most {size_max} bytes")
    if not machine.eof or machine.unused_data:
        raise TalqError(400, "payloadError", "the compressed body is broken")
    return made


def compress(body: bytes, encoding: str) -> bytes:
    """The body in an encoding that `decompress` takes; ValueError for another (T6)."""
    name = encoding.strip().lower()
    if name in ("", "identity"):
        return body
    if name == "gzip":
        return gzip.compress(body, mtime=0)
    if name == "deflate":
        return zlib.compress(body)
    raise ValueError(f"unknown encoding {encoding!r}")
