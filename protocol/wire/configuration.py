"""What a node is told about its place and its lamp: the content of an upload of kind 2.

One byte of version, then a body packed like a message's. The zone is in the form that
`protocol/schedule` reads.
"""

from .const import const
from .errors import VERSION, DecodeError
from .message import Message, pack_body, register, unpack_body

CONFIGURATION_VERSION = const(1)
_SIZE_MAX = const(200)


class Configuration(Message):
    """Position in 1e-5 degrees; levels in percent; heartbeat between state reports in seconds."""

    TYPE = 0x00  # No frame has it.
    KINDS = "yxhppIHf"
    FIELDS = (
        "lat_e5", "lon_e5", "heartbeat_s", "floor_percent", "default_percent", "power_max_mw",
        "fade_ds", "lamp_failure_s",
    )  # fmt: skip
    TAIL = "zone"
    lat_e5: int
    lon_e5: int
    heartbeat_s: int
    floor_percent: int
    default_percent: int
    power_max_mw: int
    fade_ds: int
    lamp_failure_s: int
    zone: bytes


register(Configuration)


def encode_configuration(configuration: Configuration) -> bytes:
    """The bytes to upload; EncodeError names a field that does not fit."""
    buffer = bytearray(_SIZE_MAX)
    buffer[0] = CONFIGURATION_VERSION
    return bytes(buffer[: pack_body(buffer, 1, configuration)])


def decode_configuration(data: bytes) -> Configuration:
    """The configuration in the bytes; DecodeError with a reason otherwise."""
    if not data or data[0] != CONFIGURATION_VERSION:
        raise DecodeError(VERSION, str(data[:1]))
    message = unpack_body(Configuration.TYPE, data, 1, len(data))
    assert isinstance(message, Configuration)
    return message
