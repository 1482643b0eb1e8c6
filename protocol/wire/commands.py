"""The rows of the message table that go down: from the controller to a node (see messages.py)."""

from .codes import FIRMWARE_BEGIN, FIRMWARE_CHUNK, RECALIBRATE, SET_OUTPUT
from .message import Message, register


class JoinAccept(Message):
    """Controller: the other half of the session key, and the time. Tagged with the node key."""

    TYPE = 0x41
    KINDS = "nnHsmt"
    FIELDS = ("nonce", "controller_nonce", "day", "second", "millis", "quality")
    nonce: bytes
    controller_nonce: bytes
    day: int
    second: int
    millis: int
    quality: int


class JoinNeeded(Message):
    """Controller: I have no session with you; join again. Tagged with the node key."""

    TYPE = 0x42
    KINDS = "n"
    FIELDS = ("controller_nonce",)
    controller_nonce: bytes


class Time(Message):
    """Controller: the time, in answer to the TimeAsk that carried `nonce`."""

    TYPE = 0x43
    KINDS = "nHsmt"
    FIELDS = ("nonce", "day", "second", "millis", "quality")
    nonce: bytes
    day: int
    second: int
    millis: int
    quality: int


class EventAck(Message):
    """Controller: this event is on disk; forget it."""

    TYPE = 0x44
    KINDS = "II"
    FIELDS = ("boot_count", "number")
    boot_count: int
    number: int


class Override(Message):
    """Controller: set or release the level of a channel. The same command_id changes nothing.

    Times of day 0 mean: at once (start) and no end (expiry). `life_s` bounds the override by the
    node's own oscillator when the node has no clock; 0 means no such bound. A ramp in tenths.
    """

    TYPE = 0x45
    KINDS = "IapkHHsHslH"
    FIELDS = (
        "command_id", "action", "level_percent", "rank", "ramp_ds", "start_day", "start_second",
        "expiry_day", "expiry_second", "life_s", "override_id",
    )  # fmt: skip
    command_id: int
    action: int
    level_percent: int
    rank: int
    ramp_ds: int
    start_day: int
    start_second: int
    expiry_day: int
    expiry_second: int
    life_s: int
    override_id: int


class UploadBegin(Message):
    """Controller: a schedule or configuration of `size` bytes follows; digest = SHA-256[:8]."""

    TYPE = 0x46
    KINDS = "uIzn"
    FIELDS = ("kind", "generation", "size", "digest")
    kind: int
    generation: int
    size: int
    digest: bytes


class UploadChunk(Message):
    """Controller: bytes of the upload from `offset` on."""

    TYPE = 0x47
    KINDS = "uIo"
    FIELDS = ("kind", "generation", "offset")
    TAIL = "data"
    kind: int
    generation: int
    offset: int
    data: bytes


class Ask(Message):
    """Controller: report your state now. The reports come as LampState, BayState, NodeState."""

    TYPE = 0x48
    KINDS = "I"
    FIELDS = ("command_id",)
    command_id: int


class Input(Message):
    """Controller: an input of the schedule of that generation is off (0), on (1) or unknown (2).

    Valid for `valid_s` from its arrival, unknown afterwards; said again before. Level and ramps
    are those of an external command that is on. It is not acknowledged.
    """

    TYPE = 0x49
    KINDS = "IBtpHHf"
    FIELDS = (
        "generation", "number", "state", "level_percent", "ramp_s", "ramp_from_s", "valid_s",
    )  # fmt: skip
    generation: int
    number: int
    state: int
    level_percent: int
    ramp_s: int
    ramp_from_s: int
    valid_s: int


class Reset(Message):
    """Controller: start again (0), without configuration (1), or without all you store (2)."""

    TYPE = 0x4A
    KINDS = "It"
    FIELDS = ("command_id", "action")
    command_id: int
    action: int


class SetOutput(Message):
    """Controller: set a station's output, off (0), on (1) or as without a command (2).

    A sign shows `text` (ISO 8859-1) while on. After `life_s` the output is as without a command;
    0 means no such bound. The same command_id changes nothing; the answer is Ack.
    """

    TYPE = SET_OUTPUT
    KINDS = "Itl"
    FIELDS = ("command_id", "state", "life_s")
    TAIL = "text"
    command_id: int
    state: int
    life_s: int
    text: bytes


class FirmwareBegin(Message):
    """Controller: get ready for an image; `header` is its signed head (docs/updates.md)."""

    TYPE = FIRMWARE_BEGIN
    KINDS = "I"
    FIELDS = ("version",)
    TAIL = "header"
    version: int
    header: bytes


class FirmwareChunk(Message):
    """Controller: 128 bytes of the image from `offset` on, the last time what is left."""

    TYPE = FIRMWARE_CHUNK
    KINDS = "II"
    FIELDS = ("version", "offset")
    TAIL = "data"
    version: int
    offset: int
    data: bytes


class Recalibrate(Message):
    """Controller: forget the empty bay's field and learn it anew. The answer is Ack.

    A radar says whether a car stands there. Without one, the bay is taken for empty.
    """

    TYPE = RECALIBRATE
    KINDS = "I"
    FIELDS = ("command_id",)
    command_id: int


COMMANDS = (
    JoinAccept, JoinNeeded, Time, EventAck, Override, UploadBegin, UploadChunk, Ask, Input,
    Reset, SetOutput, FirmwareBegin, FirmwareChunk, Recalibrate,
)  # fmt: skip

register(*COMMANDS)
