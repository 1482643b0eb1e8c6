"""The message table: every message that crosses between node and controller. Read this first.

A row is a small class. LAYOUT is the fixed part of the body in `struct` letters (little endian),
FIELDS names them in order, BYTES those of them that are 8 bytes and no number, RANGES bounds what
a field may say, TAIL names one variable part (a 16-bit length and that many bytes). REQUIRED is
the size of the fixed part, below which a body is refused; longer ones are read as far as they are
known, so that a later release may append fields.

Units are in the names: `_mw` milliwatts, `_wh` watt-hours, `_dv` tenths of a volt, `_ms`
milliseconds, `day` days since 2000-01-01 (UTC), `second` the second of that day (UTC).
Types below 0x40 go up (node to controller), from 0x40 on down.
"""

import struct

from .codes import DOWN, UP
from .errors import EncodeError

_ZEROS = bytes(8)


class Message:
    """A row of the table. Missing arguments are 0; unknown ones are an EncodeError."""

    TYPE = 0
    LAYOUT = "<"
    FIELDS: tuple[str, ...] = ()
    RANGES: tuple[tuple[str, int, int], ...] = ()
    BYTES: tuple[str, ...] = ()
    TAIL = ""
    REQUIRED = 0

    def __init__(
        self, channel: int = 0, unpacked: tuple[object, ...] | None = None, **values: object
    ) -> None:
        self.channel = channel
        if unpacked is not None:  # The reader's way: all fields in the order of the table.
            for name, value in zip(self.FIELDS, unpacked):
                setattr(self, name, value)
            return
        for name in self.FIELDS:
            setattr(self, name, values.pop(name, _ZEROS if name in self.BYTES else 0))
        if self.TAIL:
            setattr(self, self.TAIL, values.pop(self.TAIL, b""))
        for name in values:
            raise EncodeError("{} has no field {}".format(type(self).__name__, name))

    @classmethod
    def prepare(cls) -> None:
        """Called once for each row, when its table is made."""
        cls.REQUIRED = struct.calcsize(cls.LAYOUT)

    def check(self) -> None:
        """EncodeError names the first field outside its range."""
        fault = out_of_range(self)
        if fault:
            raise EncodeError("{}.{}".format(type(self).__name__, fault))

    def as_dict(self) -> dict[str, object]:
        """Field names and values, the type's name and the channel; for logs and vectors."""
        said: dict[str, object] = {"message": type(self).__name__, "channel": self.channel}
        for name in self.FIELDS:
            said[name] = getattr(self, name)
        if self.TAIL:
            said[self.TAIL] = getattr(self, self.TAIL)
        return said


def out_of_range(message: Message) -> str:
    """The first field that says what it may not, as `name=value`; "" when all is well."""
    for name, low, high in message.RANGES:
        value = getattr(message, name)
        if not low <= value <= high:
            return "{}={}".format(name, value)
    return ""


_TIME = (("second", 0, 86399), ("quality", 0, 2))


class JoinRequest(Message):
    """Node: I am here. Tagged with the node key. The answer must carry `nonce`."""

    TYPE = 0x01
    LAYOUT = "<8sIBB"
    FIELDS = ("nonce", "boot_count", "wire_version", "board")
    BYTES = ("nonce",)
    nonce: bytes
    boot_count: int
    wire_version: int
    board: int


class Hello(Message):
    """Node, first under the new session key: what I am and what I hold."""

    TYPE = 0x02
    LAYOUT = "<IIBBBB8s8sIII"
    FIELDS = (
        "boot_count", "uptime_ms", "wire_version", "schedule_version", "configuration_version",
        "channels", "schedule_digest", "configuration_digest", "schedule_generation",
        "configuration_generation", "firmware_version",
    )  # fmt: skip
    BYTES = ("schedule_digest", "configuration_digest")
    boot_count: int
    uptime_ms: int
    wire_version: int
    schedule_version: int
    configuration_version: int
    channels: int
    schedule_digest: bytes
    configuration_digest: bytes
    schedule_generation: int
    configuration_generation: int
    firmware_version: int


class TimeAsk(Message):
    """Node: what time is it? The answer must carry `nonce`."""

    TYPE = 0x03
    LAYOUT = "<8s"
    FIELDS = ("nonce",)
    BYTES = ("nonce",)
    nonce: bytes


class LampState(Message):
    """Node: the lamp now. `target` is asked, `level` in effect, `power` measured."""

    TYPE = 0x04
    LAYOUT = "<HIBBBBBIIHBIH"
    FIELDS = (
        "day", "second", "quality", "level_percent", "target_percent", "reason", "faults",
        "power_mw", "energy_wh", "voltage_dv", "presence", "burning_min", "override_id",
    )  # fmt: skip
    RANGES = _TIME + (
        ("level_percent", 0, 100), ("target_percent", 0, 100), ("reason", 0, 8),
    )  # fmt: skip
    day: int
    second: int
    quality: int
    level_percent: int
    target_percent: int
    reason: int
    faults: int
    power_mw: int
    energy_wh: int
    voltage_dv: int
    presence: int
    burning_min: int
    override_id: int


class BayState(Message):
    """Node: the bay now, since when, and how sure (percent)."""

    TYPE = 0x05
    LAYOUT = "<HIBBBHI"
    FIELDS = (
        "day", "second", "quality", "state", "confidence_percent", "since_day", "since_second",
    )  # fmt: skip
    RANGES = _TIME + (
        ("state", 0, 2), ("confidence_percent", 0, 100), ("since_second", 0, 86399),
    )  # fmt: skip
    day: int
    second: int
    quality: int
    state: int
    confidence_percent: int
    since_day: int
    since_second: int


class Event(Message):
    """Node: something happened. (node, boot_count, number) names it for ever.

    With quality 0 the time is not known: `uptime_ms` in that boot tells it later.
    """

    TYPE = 0x06
    LAYOUT = "<IIBBBHIHIi"
    FIELDS = (
        "boot_count", "number", "kind", "started", "quality", "day", "second", "millis",
        "uptime_ms", "value",
    )  # fmt: skip
    RANGES = _TIME + (("started", 0, 2), ("millis", 0, 999))
    boot_count: int
    number: int
    kind: int
    started: int
    quality: int
    day: int
    second: int
    millis: int
    uptime_ms: int
    value: int


class Ack(Message):
    """Node: command `command_id` was handled; status is one of ACK_…"""

    TYPE = 0x07
    LAYOUT = "<IB"
    FIELDS = ("command_id", "status")
    command_id: int
    status: int


class UploadState(Message):
    """Node: of upload (kind, generation) I have the first `have_bytes`; status is UPLOAD_…"""

    TYPE = 0x08
    LAYOUT = "<BIHB"
    FIELDS = ("kind", "generation", "have_bytes", "status")
    kind: int
    generation: int
    have_bytes: int
    status: int


class NodeState(Message):
    """Node: its own health. `refused` counts frames refused since boot, by any reason."""

    TYPE = 0x09
    LAYOUT = "<HIBIIIHHHBI"
    FIELDS = (
        "day", "second", "quality", "uptime_ms", "heap_free_bytes", "heap_total_bytes",
        "refused", "events_waiting", "events_lost", "reset_cause", "boot_count",
    )  # fmt: skip
    RANGES = _TIME
    day: int
    second: int
    quality: int
    uptime_ms: int
    heap_free_bytes: int
    heap_total_bytes: int
    refused: int
    events_waiting: int
    events_lost: int
    reset_cause: int
    boot_count: int


class JoinAccept(Message):
    """Controller: the other half of the session key, and the time. Tagged with the node key."""

    TYPE = 0x41
    LAYOUT = "<8s8sHIHB"
    FIELDS = ("nonce", "controller_nonce", "day", "second", "millis", "quality")
    RANGES = _TIME + (("millis", 0, 999),)
    BYTES = ("nonce", "controller_nonce")
    nonce: bytes
    controller_nonce: bytes
    day: int
    second: int
    millis: int
    quality: int


class JoinNeeded(Message):
    """Controller: I have no session with you; join again. Tagged with the node key."""

    TYPE = 0x42
    LAYOUT = "<8s"
    FIELDS = ("controller_nonce",)
    BYTES = ("controller_nonce",)
    controller_nonce: bytes


class Time(Message):
    """Controller: the time, in answer to the TimeAsk that carried `nonce`."""

    TYPE = 0x43
    LAYOUT = "<8sHIHB"
    FIELDS = ("nonce", "day", "second", "millis", "quality")
    RANGES = _TIME + (("millis", 0, 999),)
    BYTES = ("nonce",)
    nonce: bytes
    day: int
    second: int
    millis: int
    quality: int


class EventAck(Message):
    """Controller: this event is on disk; forget it."""

    TYPE = 0x44
    LAYOUT = "<II"
    FIELDS = ("boot_count", "number")
    boot_count: int
    number: int


class Override(Message):
    """Controller: set or release the level of a channel. The same command_id changes nothing.

    Times of day 0 mean: at once (start) and no end (expiry). `life_s` bounds the override by the
    node's own oscillator when the node has no clock; 0 means no such bound. A ramp in tenths.
    """

    TYPE = 0x45
    LAYOUT = "<IBBBHHIHIIH"
    FIELDS = (
        "command_id", "action", "level_percent", "rank", "ramp_ds", "start_day", "start_second",
        "expiry_day", "expiry_second", "life_s", "override_id",
    )  # fmt: skip
    RANGES = (
        ("action", 0, 1), ("level_percent", 0, 100), ("rank", 0, 3), ("start_second", 0, 86399),
        ("expiry_second", 0, 86399), ("life_s", 0, 0x3FFFFF),
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
    LAYOUT = "<BIH8s"
    FIELDS = ("kind", "generation", "size", "digest")
    RANGES = (("kind", 1, 2), ("size", 1, 4096))
    BYTES = ("digest",)
    kind: int
    generation: int
    size: int
    digest: bytes


class UploadChunk(Message):
    """Controller: bytes of the upload from `offset` on."""

    TYPE = 0x47
    LAYOUT = "<BIH"
    FIELDS = ("kind", "generation", "offset")
    RANGES = (("kind", 1, 2), ("offset", 0, 4095))
    TAIL = "data"
    kind: int
    generation: int
    offset: int
    data: bytes


class Ask(Message):
    """Controller: report your state now. The reports come as LampState, BayState, NodeState."""

    TYPE = 0x48
    LAYOUT = "<I"
    FIELDS = ("command_id",)
    command_id: int


MESSAGES = (
    JoinRequest, Hello, TimeAsk, LampState, BayState, Event, Ack, UploadState, NodeState,
    JoinAccept, JoinNeeded, Time, EventAck, Override, UploadBegin, UploadChunk, Ask,
)  # fmt: skip

for _row in MESSAGES:
    _row.prepare()


def direction(message_type: int) -> int:
    """UP or DOWN, by the type's number."""
    return UP if message_type < 0x40 else DOWN
