"""What a node is told about its place and its lamp: the content of an upload of kind 2.

One byte of version, then a body packed like a message's. The zone is in the form that
`protocol/schedule` reads. A node that was updated still holds what version 1 said: it is read as
if the fields that came later had their defaults.
"""

import struct

from .const import const
from .errors import BODY, VERSION, DecodeError
from .message import Message, pack_body, register, unpack_body

CONFIGURATION_VERSION = const(2)
_SIZE_MAX = const(250)
# Bytes of the fields that version 1 had, without its zone.
_SIZE_1 = const(20)


class Configuration(Message):
    """Position in 1e-5 degrees; levels in percent; heartbeat between state reports in seconds.

    The lamp: `curve` 0 linear, 1 the logarithmic one of IEC 62386; `lowest_percent` the least
    light that it gives; constant light output from `clo_start_percent` (0: none) to full after
    `clo_end_100h` hundreds of hours; its relay opens after `standby_s` without light.
    `power_parts` holds the power at 0, 10, 20, 35, 50, 65, 80 and 100 % in 200ths of
    `power_max_mw`, zeros: proportional. An override without an end lives `override_life_s` (0:
    for ever). Voltages outside their limits (0: no limit), power off by more than
    `tolerance_percent` (0: not looked at) and a temperature above `derate_dc` tenths of a degree
    (0: not looked at) are told. `near_percent` for `near_hold_s` is what a neighbour's presence
    asks for. A feeder is switched on `feeder_on_min` minutes after sunset; `permanent` is 1 where
    it has power by day. A bay is overstayed after `stay_max_min` minutes (0: never).
    """

    TYPE = 0x00  # No frame has it.
    KINDS = "yxhppIHfappHHlHHHpnpHiaH"
    FIELDS = (
        "lat_e5", "lon_e5", "heartbeat_s", "floor_percent", "default_percent", "power_max_mw",
        "fade_ds", "lamp_failure_s", "curve", "lowest_percent", "clo_start_percent",
        "clo_end_100h", "standby_s", "override_life_s", "voltage_min_dv", "voltage_max_dv",
        "derate_dc", "tolerance_percent", "power_parts", "near_percent", "near_hold_s",
        "feeder_on_min", "permanent", "stay_max_min",
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
    curve: int
    lowest_percent: int
    clo_start_percent: int
    clo_end_100h: int
    standby_s: int
    override_life_s: int
    voltage_min_dv: int
    voltage_max_dv: int
    derate_dc: int
    tolerance_percent: int
    power_parts: bytes
    near_percent: int
    near_hold_s: int
    feeder_on_min: int
    permanent: int
    stay_max_min: int
    zone: bytes


register(Configuration)


def encode_configuration(configuration: Configuration) -> bytes:
    """The bytes to upload; EncodeError names a field that does not fit."""
    buffer = bytearray(_SIZE_MAX)
    buffer[0] = CONFIGURATION_VERSION
    return bytes(buffer[: pack_body(buffer, 1, configuration)])


def decode_configuration(data: bytes) -> Configuration:
    """The configuration in the bytes; DecodeError with a reason otherwise."""
    if data[:1] == b"\x01":
        if len(data) <= _SIZE_1:
            raise DecodeError(BODY, "{} bytes".format(len(data)))
        later = bytes(struct.calcsize("<BBBHHIHHHB8sBHiBH"))
        data = b"\x02" + data[1 : 1 + _SIZE_1] + later + data[1 + _SIZE_1 :]
    if not data or data[0] != CONFIGURATION_VERSION:
        raise DecodeError(VERSION, str(data[:1]))
    message = unpack_body(Configuration.TYPE, data, 1, len(data))
    assert isinstance(message, Configuration)
    return message
