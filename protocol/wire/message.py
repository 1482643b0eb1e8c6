"""What a row of the message table is made of, and how its body is packed.

Kinds of fields, little endian:

    B H I i   unsigned 8, 16, 32 bits, signed 32 bits
    n         8 bytes: a nonce or a digest
    p         percent, 0-100                    (8 bits)
    t         0-2: bay state, …                 (8 bits)
    a k r u   0-1, 0-3 (time quality), 0-8, 1-3 (8 bits)
    m         milliseconds, 0-999               (16 bits)
    z o       size 1-4096, offset 0-4095        (16 bits)
    h f       seconds 10-3600, 1-3600           (16 bits)
    s         second of the day, 0-86399        (32 bits)
    l         life in seconds, below 2^22       (32 bits)
    y x       latitude, longitude in 1e-5 deg   (signed 32 bits)

Bounds are in the kinds and not in the rows, and kinds are letters, because a node holds the table
in RAM (docs/decisions/0002-node-heap.md).
"""

import struct

from .codes import DOWN, UP
from .errors import BODY, VALUE, DecodeError, EncodeError
from .limits import BODY_SIZE_MAX

# How struct calls each bounded kind; its lowest and highest value. In order and not by name, for a
# letter that is a name of its own costs memory on a node.
_BOUNDED = "patkrumzohfslyx"
_LETTERS = "BBBBBBHHHHHIIii"
_LOWEST = (0, 0, 0, 0, 0, 1, 0, 1, 0, 10, 1, 0, 0, -9000000, -18000000)
_HIGHEST = (
    100, 1, 2, 3, 8, 3, 999, 4096, 4095, 3600, 3600, 86399, 0x3FFFFF, 9000000, 18000000,
)  # fmt: skip
# What has bounds in a row, worked out when it is first packed or read: two bytes a field, for
# lists of numbers or of tuples take five and fifteen times the memory.
_BOUNDS: "dict[int, bytes]" = {}
# kind: struct letter, lowest, highest; for those with memory to spare.
BOUNDED = {kind: (_LETTERS[at], _LOWEST[at], _HIGHEST[at]) for at, kind in enumerate(_BOUNDED)}
_ZEROS = bytes(8)
# CPython's struct raises its own error; MicroPython's raises ValueError or OverflowError.
_PACK_ERRORS = (getattr(struct, "error", ValueError), ValueError, OverflowError, TypeError)


# Rows by their number, see `register`. A linked image has no classes for rows but one string for
# each, "KINDS LAYOUT TAIL FIELD FIELD …" (flasher/rows.py): a class would take 400 bytes of RAM.
ROWS: "dict[int, type[Message] | str]" = {}


def struct_letter(kind: str) -> str:
    """How `struct` calls a kind."""
    at = _BOUNDED.find(kind)
    return "8s" if kind == "n" else _LETTERS[at] if at >= 0 else kind


class Message:
    """A row of the table. Missing arguments are 0; unknown ones are an EncodeError.

    `row_type` makes a message of the row with that number, as linked images do for all.
    """

    TYPE = 0
    KINDS = ""
    FIELDS: tuple[str, ...] = ()
    TAIL = ""
    LAYOUT = "<"
    REQUIRED = 0
    SHAPE: "tuple[str, str, str, tuple[str, ...]]" = ("", "<", "", ())

    def __init__(
        self,
        channel: int = 0,
        unpacked: tuple[object, ...] | None = None,
        row_type: int = -1,
        **values: object,
    ) -> None:
        self.channel = channel
        if row_type >= 0:
            self.TYPE = row_type
        kinds, _, tail, fields = _shape(self.TYPE)
        if unpacked is not None:  # The reader's way: all fields in the order of the table.
            for name, value in zip(fields, unpacked):
                setattr(self, name, value)
            return
        for name, kind in zip(fields, kinds):
            setattr(self, name, values.pop(name, _ZEROS if kind == "n" else 0))
        if tail:
            setattr(self, tail, values.pop(tail, b""))
        for name in values:
            raise EncodeError("{} has no field {}".format(type(self).__name__, name))

    def as_dict(self) -> dict[str, object]:
        """Field names and values, the type's name and the channel; for logs and vectors."""
        said: dict[str, object] = {"message": type(self).__name__, "channel": self.channel}
        for name in self.FIELDS:
            said[name] = getattr(self, name)
        if self.TAIL:
            said[self.TAIL] = getattr(self, self.TAIL)
        return said


def register(*rows: type[Message]) -> None:
    """Called once for each row, when its table is made."""
    for row in rows:
        row.LAYOUT = "<" + "".join([struct_letter(kind) for kind in row.KINDS])
        row.REQUIRED = struct.calcsize(row.LAYOUT)
        row.SHAPE = (row.KINDS, row.LAYOUT, row.TAIL, row.FIELDS)
        ROWS[row.TYPE] = row


def _shape(row_type: int) -> "tuple[str, str, str, tuple[str, ...] | list[str]]":
    """Kinds, layout, name of the tail or "", and names of the fields of a row."""
    row = ROWS[row_type]
    if isinstance(row, str):
        words = row.split(" ")
        return words[0], words[1], words[2], words[3:]
    return row.SHAPE


def direction(message_type: int) -> int:
    """UP or DOWN, by the type's number."""
    return UP if message_type < 0x40 else DOWN


def _bounds(row_type: int) -> bytes:
    """Place, and place of the kind in _BOUNDED, of each field whose kind has bounds; kept."""
    kinds = _shape(row_type)[0]
    found = bytearray()
    for at in range(len(kinds)):
        kind = _BOUNDED.find(kinds[at])
        if kind >= 0:
            found.append(at)
            found.append(kind)
    _BOUNDS[row_type] = bytes(found)
    return _BOUNDS[row_type]


def _first_outside(row_type: int, values: "list[object] | tuple[object, ...]") -> int:
    """The place of the first field that is not within its bounds, -1: all are."""
    bounds = _BOUNDS.get(row_type)
    if bounds is None:
        bounds = _bounds(row_type)
    lowest, highest = _LOWEST, _HIGHEST
    for at in range(0, len(bounds), 2):
        kind = bounds[at + 1]
        value = values[bounds[at]]
        if not lowest[kind] <= value <= highest[kind]:  # type: ignore[operator] # all are numbers
            return bounds[at]
    return -1


def pack_body(buffer: bytearray, start: int, message: Message) -> int:
    """Pack a body into the buffer; returns where it ends. EncodeError names a wrong field."""
    _, layout, tail_name, fields = _shape(message.TYPE)
    values = [getattr(message, name) for name in fields]
    try:
        at = _first_outside(message.TYPE, values)
        if at >= 0:
            said = "{}={}".format(fields[at], values[at])
            raise EncodeError("{}.{}".format(type(message).__name__, said))
        struct.pack_into(layout, buffer, start, *values)
    except _PACK_ERRORS as error:
        raise EncodeError("{}: {}".format(type(message).__name__, error)) from error
    end = start + struct.calcsize(layout)
    if tail_name:
        tail = getattr(message, tail_name)
        if end - start + 2 + len(tail) > BODY_SIZE_MAX:
            what = type(message).__name__
            raise EncodeError("{}.{} is {} bytes".format(what, tail_name, len(tail)))
        struct.pack_into("<H", buffer, end, len(tail))
        end += 2
        buffer[end : end + len(tail)] = tail
        end += len(tail)
    return end


def unpack_body(row_type: int, data: bytes, start: int, end: int) -> Message:
    """The message in data[start:end]; DecodeError with a reason otherwise."""
    _, layout, tail, fields = _shape(row_type)
    size = struct.calcsize(layout)
    if end - start < size:
        raise DecodeError(BODY, "{} of {} bytes".format(end - start, size))
    values = struct.unpack_from(layout, data, start)
    at = _first_outside(row_type, values)
    if at >= 0:
        raise DecodeError(VALUE, "{}={}".format(fields[at], values[at]))
    # The reader's way, without the constructor's: all fields are there, in the table's order.
    row = ROWS[row_type]
    if isinstance(row, str):
        message = object.__new__(Message)
        message.TYPE = row_type
    else:
        message = object.__new__(row)
    message.channel = 0
    for name, value in zip(fields, values):
        setattr(message, name, value)
    if tail:
        setattr(message, tail, _read_tail(data, start + size, end))
    return message


def _read_tail(data: bytes, start: int, end: int) -> bytes:
    if start + 2 > end:
        raise DecodeError(BODY, "no length of the tail")
    size = data[start] | data[start + 1] << 8
    if start + 2 + size > end:
        raise DecodeError(BODY, "tail of {} bytes is cut".format(size))
    return bytes(data[start + 2 : start + 2 + size])
