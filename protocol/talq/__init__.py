"""The TALQ 2.7.1 model: tables, codec, errors, operations and both OpenAPI documents.

Decides nothing about light, and does I/O only in `Peer`, which calls the other side through the
clients (`client_cms`, `client_gateway`) built beside it. Read README.md first, then `codec.py`.
"""

from .addresses import NIL, Address, join_address, quote_id, read_uuid, split_address, unquote_id
from .check import check
from .codec import decode, encode, read_json
from .errors import KEY_STATUS, Fault, TalqError, error_body
from .openapi import openapi, transport
from .operations import Answer, Operation, Parameter, operations
from .peer import Peer, Reply
from .profiles import Mark, marks
from .requests import (
    API_VERSION,
    BODY_BYTES_MAX,
    VERSION_HEADER,
    check_request,
    compress,
    decompress,
    peer_minor,
)
from .tables import Fact
from .tables import descendants as derived
from .tables import properties as properties_of
from .times import read_date, read_time_s, read_timestamp_ms, timestamp, timestamp_ms

__all__ = [
    "API_VERSION",
    "BODY_BYTES_MAX",
    "KEY_STATUS",
    "NIL",
    "VERSION_HEADER",
    "Address",
    "Answer",
    "Fact",
    "Fault",
    "Mark",
    "Operation",
    "Parameter",
    "Peer",
    "Reply",
    "TalqError",
    "check",
    "check_request",
    "compress",
    "decode",
    "decompress",
    "derived",
    "encode",
    "error_body",
    "join_address",
    "marks",
    "openapi",
    "operations",
    "peer_minor",
    "properties_of",
    "quote_id",
    "read_date",
    "read_json",
    "read_time_s",
    "read_timestamp_ms",
    "read_uuid",
    "split_address",
    "timestamp",
    "timestamp_ms",
    "transport",
    "unquote_id",
]
