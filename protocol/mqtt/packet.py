"""MQTT 3.1.1 packets a client sends and receives (OASIS standard, sections 2 and 3).

Encoders return bytes; `Reader` cuts a stream into packets. Whatever breaks the standard raises
MqttError, whose text says what was wrong; nothing else is raised on hostile bytes.
"""

CONNECT = 0x10
CONNACK = 0x20
PUBLISH = 0x30
PUBACK = 0x40
SUBSCRIBE = 0x82
SUBACK = 0x90
UNSUBSCRIBE = 0xA2
UNSUBACK = 0xB0
PINGREQ = b"\xc0\x00"
PINGRESP = 0xD0
DISCONNECT = b"\xe0\x00"

_REMAINING_MAX = 268435455
# The first byte's low half is fixed for every packet that a broker sends, but for PUBLISH.
_LENGTHS = {CONNACK: 2, PUBACK: 2, UNSUBACK: 2, PINGRESP: 0}


class MqttError(Exception):
    """Bytes or arguments that the standard does not allow."""


def _length(size: int) -> bytes:
    if size > _REMAINING_MAX:
        raise MqttError("a packet of {} bytes is too long".format(size))
    out = bytearray()
    while True:
        size, digit = size >> 7, size & 0x7F
        out.append(digit | 0x80 if size else digit)
        if not size:
            return bytes(out)


def _field(value: bytes) -> bytes:
    if len(value) > 65535:
        raise MqttError("a string of {} bytes is too long".format(len(value)))
    return bytes((len(value) >> 8, len(value) & 0xFF)) + value


def text(value: str, what: str) -> bytes:
    """A string of the standard; MqttError names `what` when it holds U+0000."""
    if "\0" in value:
        raise MqttError("{} holds U+0000".format(what))
    return _field(value.encode())


def topic_bytes(topic: str) -> bytes:
    """A topic to publish to: not empty, without wildcards."""
    if not topic or "+" in topic or "#" in topic:
        raise MqttError("topic {!r} is empty or holds a wildcard".format(topic))
    return text(topic, "topic")


def packet(first: int, body: bytes) -> bytes:
    """A whole packet of its first byte and its body."""
    return bytes((first,)) + _length(len(body)) + body


def connect(
    client_id: str,
    credentials: tuple[str, str] | None,
    keep_alive_s: int,
    clean: bool,
    will: tuple[str, bytes, int, bool] | None,
) -> bytes:
    """CONNECT. `will`: topic, payload, QoS, retained."""
    flags = 2 if clean else 0
    tail = text(client_id, "client id")
    if will:
        flags |= 4 | will[2] << 3 | (32 if will[3] else 0)
        tail += topic_bytes(will[0]) + _field(will[1])
    if credentials:
        flags |= 0xC0
        tail += text(credentials[0], "user") + _field(credentials[1].encode())
    head = b"\x00\x04MQTT\x04" + bytes((flags, keep_alive_s >> 8, keep_alive_s & 0xFF))
    return packet(CONNECT, head + tail)


def publish(topic: bytes, payload: bytes, flags: int, packet_id: int) -> bytes:
    """PUBLISH; `topic` from topic_bytes, `flags`: 8 again, 2 QoS 1, 1 retained."""
    number = bytes((packet_id >> 8, packet_id & 0xFF)) if flags & 6 else b""
    return packet(PUBLISH | flags, topic + number + payload)


def puback(packet_id: int) -> bytes:
    """PUBACK."""
    return bytes((PUBACK, 2, packet_id >> 8, packet_id & 0xFF))


def subscribe(packet_id: int, filters: tuple[tuple[str, int], ...]) -> bytes:
    """SUBSCRIBE to (filter, QoS) pairs."""
    if not filters:
        raise MqttError("nothing to subscribe to")
    body = bytes((packet_id >> 8, packet_id & 0xFF))
    for name, qos in filters:
        body += text(name, "filter") + bytes((qos,))
    return packet(SUBSCRIBE, body)


def unsubscribe(packet_id: int, filters: tuple[str, ...]) -> bytes:
    """UNSUBSCRIBE."""
    body = bytes((packet_id >> 8, packet_id & 0xFF))
    for name in filters:
        body += text(name, "filter")
    return packet(UNSUBSCRIBE, body)


def parse_publish(first: int, body: bytes) -> tuple[str, bytes, int]:
    """(topic, payload, packet id or 0) of a received PUBLISH."""
    qos = first >> 1 & 3
    if qos > 1:
        raise MqttError("PUBLISH with QoS {}; we subscribe to at most 1".format(qos))
    if len(body) < 2:
        raise MqttError("PUBLISH of {} bytes".format(len(body)))
    at = 2 + (body[0] << 8 | body[1])
    if len(body) < at + (2 if qos else 0):
        raise MqttError("PUBLISH is cut in its topic")
    try:
        topic = str(body[2:at], "utf-8")
    except UnicodeError as error:
        raise MqttError("a topic is not UTF-8") from error
    if not topic or "\0" in topic or "+" in topic or "#" in topic:
        raise MqttError("topic {!r} may not be published to".format(topic))
    if not qos:
        return topic, body[at:], 0
    number = body[at] << 8 | body[at + 1]
    if not number:
        raise MqttError("PUBLISH with packet id 0")
    return topic, body[at + 2 :], number


def packet_id(body: bytes) -> int:
    """The packet id that a body begins with."""
    return body[0] << 8 | body[1]


def topic_matches(pattern: str, topic: str) -> bool:
    """Whether a filter (with + and #) takes a topic (section 4.7)."""
    if topic.startswith("$") and pattern[:1] in ("+", "#"):
        return False
    wanted = pattern.split("/")
    got = topic.split("/")
    for index in range(len(wanted)):
        if wanted[index] == "#":
            return True
        if index >= len(got) or wanted[index] not in ("+", got[index]):
            return False
    return len(wanted) == len(got)


class Reader:
    """Cuts a stream into packets of at most `size_max` bytes."""

    def __init__(self, size_max: int) -> None:
        self._size_max = size_max
        self._data = b""
        self._at = 0

    def feed(self, data: bytes) -> None:
        """More bytes from the stream."""
        self._data = self._data[self._at :] + data if self._at < len(self._data) else data
        self._at = 0

    def next(self) -> tuple[int, bytes] | None:
        """(first byte, body) of the next whole packet; None until more bytes come."""
        data, at = self._data, self._at
        end = len(data)
        size = shift = 0
        digit = 0x80
        at += 1
        while digit & 0x80:
            if at >= end:
                return None
            if shift > 21:
                raise MqttError("a length of more than 4 bytes")
            digit = data[at]
            size |= (digit & 0x7F) << shift
            shift += 7
            at += 1
        if size > self._size_max:
            raise MqttError("a packet of {} bytes, at most {}".format(size, self._size_max))
        if at + size > end:
            return None
        first = data[self._at]
        self._at = at + size
        if first & 0xF0 != PUBLISH:
            self._check(first, size)
        return first, data[at : at + size]

    def _check(self, first: int, size: int) -> None:
        if first == SUBACK and size >= 3:
            return
        if _LENGTHS.get(first) != size:
            raise MqttError("packet 0x{:02x} with {} bytes".format(first, size))
