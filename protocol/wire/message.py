"""What a row of the message table is made of, and how its body is packed.

Kinds of fields, little endian:

    B H I i   unsigned 8, 16, 32 bits, signed 32 bits
    n         8 bytes: a nonce or a digest
    p         percent, 0-100                    (8 bits)
    t         0-2: time quality, bay state, …   (8 bits)
    a k r u   0-1, 0-3, 0-8, 1-2                (8 bits)
    m         milliseconds, 0-999               (16 bits)
    z o       size 1-4096, offset 0-4095        (16 bits)
    h f       seconds 10-3600, 1-3600           (16 bits)
    s         second of the day, 0-86399        (32 bits)
    l         life in seconds, below 2^22       (32 bits)
    y x       latitude, longitude in 1e-5 deg   (signed 32 bits)

Bounds are in the kinds and not in the rows, and kinds are letters, because a node holds the table
in RAM (docs/decisions/0002-wire-heap.md).
"""

import struct

from .codes import DOWN, UP
from .errors import BODY, VALUE, DecodeError, EncodeError
from .limits import BODY_SIZE_MAX

# kind: struct letter, lowest, highest
BOUNDED = {
    "p": ("B", 0, 100),
    "t": ("B", 0, 2),
    "a": ("B", 0, 1),
    "k": ("B", 0, 3),
    "r": ("B", 0, 8),
    "u": ("B", 1, 2),
    "m": ("H", 0, 999),
    "z": ("H", 1, 4096),
    "o": ("H", 0, 4095),
    "h": ("H", 10, 3600),
    "f": ("H", 1, 3600),
    "s": ("I", 0, 86399),
    "l": ("I", 0, 0x3FFFFF),
    "y": ("i", -9000000, 9000000),
    "x": ("i", -18000000, 18000000),
}
_ZEROS = bytes(8)
# CPython's struct raises its own error; MicroPython's raises ValueError or OverflowError.
_PACK_ERRORS = (getattr(struct, "error", ValueError), ValueError, OverflowError, TypeError)


def struct_letter(kind: str) -> str:
    """How `struct` calls a kind."""
    if kind == "n":
        return "8s"
    return BOUNDED[kind][0] if kind in BOUNDED else kind


class Message:
    """A row of the table. Missing arguments are 0; unknown ones are an EncodeError."""

    TYPE = 0
    KINDS = ""
    FIELDS: tuple[str, ...] = ()
    TAIL = ""
    LAYOUT = "<"
    REQUIRED = 0

    def __init__(
        self, channel: int = 0, unpacked: tuple[object, ...] | None = None, **values: object
    ) -> None:
        self.channel = channel
        if unpacked is not None:  # The reader's way: all fields in the order of the table.
            for name, value in zip(self.FIELDS, unpacked):
                setattr(self, name, value)
            return
        for name, kind in zip(self.FIELDS, self.KINDS):
            setattr(self, name, values.pop(name, _ZEROS if kind == "n" else 0))
        if self.TAIL:
            setattr(self, self.TAIL, values.pop(self.TAIL, b""))
        for name in values:
            raise EncodeError("{} has no field {}".format(type(self).__name__, name))

    @classmethod
    def prepare(cls) -> None:
        """Called once for each row, when its table is made."""
        cls.LAYOUT = "<" + "".join([struct_letter(kind) for kind in cls.KINDS])
        cls.REQUIRED = struct.calcsize(cls.LAYOUT)

    def as_dict(self) -> dict[str, object]:
        """Field names and values, the type's name and the channel; for logs and vectors."""
        said: dict[str, object] = {"message": type(self).__name__, "channel": self.channel}
        for name in self.FIELDS:
            said[name] = getattr(self, name)
        if self.TAIL:
            said[self.TAIL] = getattr(self, self.TAIL)
        return said


def direction(message_type: int) -> int:
    """UP or DOWN, by the type's number."""
    return UP if message_type < 0x40 else DOWN


def out_of_range(message: Message) -> str:
    """The first field that says what it may not, as `name=value`; "" when all is well."""
    for name, kind in zip(message.FIELDS, message.KINDS):
        if kind in BOUNDED:
            bound = BOUNDED[kind]
            value = getattr(message, name)
            if not bound[1] <= value <= bound[2]:
                return "{}={}".format(name, value)
    return ""


def pack_body(buffer: bytearray, start: int, message: Message) -> int:
    """Pack a body into the buffer; returns where it ends. EncodeError names a wrong field."""
    row = type(message)
    fault = out_of_range(message)
    if fault:
        raise EncodeError("{}.{}".format(row.__name__, fault))
    try:
        struct.pack_into(
            row.LAYOUT, buffer, start, *[getattr(message, name) for name in row.FIELDS]
        )
    except _PACK_ERRORS as error:
        raise EncodeError("{}: {}".format(row.__name__, error)) from error
    end = start + row.REQUIRED
    if row.TAIL:
        tail = getattr(message, row.TAIL)
        if row.REQUIRED + 2 + len(tail) > BODY_SIZE_MAX:
            raise EncodeError("{}.{} is {} bytes".format(row.__name__, row.TAIL, len(tail)))
        struct.pack_into("<H", buffer, end, len(tail))
        end += 2
        buffer[end : end + len(tail)] = tail
        end += len(tail)
    return end


def unpack_body(row: type[Message], data: bytes, start: int, end: int) -> Message:
    """The message in data[start:end]; DecodeError with a reason otherwise."""
    if end - start < row.REQUIRED:
        raise DecodeError(BODY, "{} of {} bytes".format(end - start, row.REQUIRED))
    message = row(0, struct.unpack_from(row.LAYOUT, data, start))
    if row.TAIL:
        _read_tail(message, data, start + row.REQUIRED, end)
    fault = out_of_range(message)
    if fault:
        raise DecodeError(VALUE, fault)
    return message


def _read_tail(message: Message, data: bytes, start: int, end: int) -> None:
    if start + 2 > end:
        raise DecodeError(BODY, "no length of the tail")
    size = data[start] | data[start + 1] << 8
    if start + 2 + size > end:
        raise DecodeError(BODY, "tail of {} bytes is cut".format(size))
    setattr(message, message.TAIL, bytes(data[start + 2 : start + 2 + size]))
