"""The TALQ 2.7.1 model: tables, codec, errors, operations and both OpenAPI documents.

Decides nothing about light, and does I/O only in `Peer`, which calls the other side through the
clients (`client_cms`, `client_gateway`) built beside it, and in `Face`, the HTTP face of a side.
Read README.md first, then `codec.py`.
"""

from .addresses import NIL, Address, join_address, quote_id, read_uuid, split_address, unquote_id
from .catalogue import Catalogue, Change, Others, members
from .check import check
from .classes import misfits, narrowed
from .codec import decode, decode_struct, encode, read_json
from .devices import attribute_of, function_of, in_scope, scope_of
from .errors import KEY_STATUS, Fault, TalqError, error_body, not_here
from .openapi import openapi, transport
from .operations import Operation, Parameter, operations
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
from .resources import (
    COLLECTIONS,
    TYPES,
    Collection,
    attribute_resources,
    device_of,
    device_references,
)
from .serve_io import STRUCTS, Answer, Call, Face, paged
from .tables import Fact
from .tables import descendants as derived
from .tables import properties as properties_of
from .times import read_date, read_time_s, read_timestamp_ms, timestamp, timestamp_ms

__all__ = [
    "API_VERSION",
    "BODY_BYTES_MAX",
    "COLLECTIONS",
    "KEY_STATUS",
    "NIL",
    "STRUCTS",
    "TYPES",
    "VERSION_HEADER",
    "Address",
    "Answer",
    "Call",
    "Catalogue",
    "Change",
    "Collection",
    "Face",
    "Fact",
    "Fault",
    "Mark",
    "Operation",
    "Others",
    "Parameter",
    "Peer",
    "Reply",
    "TalqError",
    "attribute_of",
    "attribute_resources",
    "check",
    "check_request",
    "compress",
    "decode",
    "decode_struct",
    "decompress",
    "derived",
    "device_of",
    "device_references",
    "encode",
    "error_body",
    "function_of",
    "in_scope",
    "join_address",
    "marks",
    "members",
    "misfits",
    "narrowed",
    "not_here",
    "openapi",
    "operations",
    "paged",
    "peer_minor",
    "properties_of",
    "quote_id",
    "read_date",
    "read_json",
    "read_time_s",
    "read_timestamp_ms",
    "read_uuid",
    "scope_of",
    "split_address",
    "timestamp",
    "timestamp_ms",
    "transport",
    "unquote_id",
]
