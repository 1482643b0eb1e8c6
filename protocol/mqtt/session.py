"""A client's session: what to send, what has come, what is still under way. No I/O.

States: CLOSED (no transport) -> `begin` -> WAITING (CONNECT sent) -> CONNACK -> OPEN. Any fault of
the broker, a silence of one and a half keep-alive times, or `lost` leads back to CLOSED.

The shell hands in what it received (`receive`) and the time (`tick`), writes what `take` gives,
and finds what happened in `events`, a list it empties. QoS 1 messages that came are acknowledged
only when the shell says so (`acknowledge`), so that nothing is confirmed before it is on disk.
QoS 1 messages that were sent are kept until PUBACK when the session is a kept one, and repeated
with the DUP flag; a clean session forgets them with the connection. A broker that lost our session
gets them as new.
"""

from . import packet
from .packet import MqttError, Reader

CLOSED, WAITING, OPEN = 0, 1, 2

# Events: (kind, a, b, c, d).
CONNECTED = 1  # a: the broker had kept our session
REFUSED = 2  # a: return code of CONNACK
MESSAGE = 3  # a: topic, b: payload, c: packet id to acknowledge (0: QoS 0), d: flags
PUBLISHED = 4  # a: packet id
SUBSCRIBED = 5  # a: packet id, b: granted QoS, one byte each (0x80: refused)
BROKEN = 6  # a: what was wrong

RETAINED, AGAIN = 1, 8  # Flags of MESSAGE.

_TICKS = 0x3FFFFFFF
_ID_MAX = 65535


def _gone_ms(now_ms: int, then_ms: int) -> int:
    return (now_ms - then_ms) & _TICKS


class SessionFull(Exception):
    """The window is full, or a clean session has no connection; try again after an event."""


class Session:
    """`credentials`: user and password; `will`: topic, payload, QoS, retained."""

    def __init__(
        self,
        client_id: str,
        credentials: tuple[str, str] | None = None,
        keep_alive_s: int = 60,
        clean: bool = True,
        will: tuple[str, bytes, int, bool] | None = None,
        bounds: tuple[int, int] = (65536, 20),
    ) -> None:
        self.credentials = credentials  # For the next connection.
        self._hello = (client_id, keep_alive_s, clean, will)
        self._keep_alive_ms = keep_alive_s * 1000
        self._clean = clean
        self._size_max, self._window = bounds
        self._reader = Reader(self._size_max)
        self._out: list[bytes] = []
        self._next_id = 0
        self._sent: dict[int, bytes] = {}
        self._order: list[int] = []
        self._heard_ms = 0
        self._told_ms = 0
        self._pinged = False
        self.state = CLOSED
        self.events: list[tuple[int, object, object, object, object]] = []

    @property
    def under_way(self) -> int:
        """QoS 1 messages that the broker has not acknowledged."""
        return len(self._order)

    @property
    def full(self) -> bool:
        """Whether `publish` with QoS 1 would be refused."""
        return len(self._order) >= self._window

    def begin(self, now_ms: int) -> None:
        """A transport stands: say CONNECT."""
        self._reader = Reader(self._size_max)
        self._out.clear()
        client_id, keep_alive_s, clean, will = self._hello
        self._out.append(packet.connect(client_id, self.credentials, keep_alive_s, clean, will))
        self._heard_ms = self._told_ms = now_ms
        self._pinged = False
        self.state = WAITING

    def lost(self) -> None:
        """The transport is gone."""
        self.state = CLOSED
        self._out.clear()
        if self._clean:
            self._sent.clear()
            self._order.clear()

    def take(self) -> bytes:
        """The bytes to write now; b"" when there are none."""
        out = self._out
        if not out:
            return b""
        data = out[0] if len(out) == 1 else b"".join(out)
        out.clear()
        return data

    def _number(self) -> int:
        while True:
            self._next_id = self._next_id % _ID_MAX + 1
            if self._next_id not in self._sent:
                return self._next_id

    def publish(self, topic: str, payload: bytes, qos: int = 1, retain: bool = False) -> int:
        """Send a message; returns its packet id, 0 with QoS 0. SessionFull, MqttError."""
        name = packet.topic_bytes(topic)
        flags = 1 if retain else 0
        if qos == 0:
            if self.state == OPEN:
                self._out.append(packet.publish(name, payload, flags, 0))
            return 0
        if self.full or (self._clean and self.state != OPEN):
            raise SessionFull(topic)
        number = self._number()
        data = packet.publish(name, payload, flags | 2, number)
        self._sent[number] = b"" if self._clean else data
        self._order.append(number)
        if self.state == OPEN:
            self._out.append(data)
        return number

    def subscribe(self, *filters: tuple[str, int]) -> int:
        """Subscribe to (filter, QoS) pairs; once for each connection."""
        number = self._number()
        self._out.append(packet.subscribe(number, filters))
        return number

    def unsubscribe(self, *filters: str) -> int:
        """Take filters back."""
        number = self._number()
        self._out.append(packet.unsubscribe(number, filters))
        return number

    def acknowledge(self, packet_id: int) -> None:
        """A received message is safe with us."""
        if packet_id and self.state == OPEN:
            self._out.append(packet.puback(packet_id))

    def disconnect(self) -> None:
        """Leave, so that the will is not published."""
        if self.state == OPEN:
            self._out.append(packet.DISCONNECT)
        self.state = CLOSED

    def tick(self, now_ms: int) -> None:
        """Keep the connection alive; BROKEN when the broker has been silent for too long."""
        keep_ms = self._keep_alive_ms
        if self.state == CLOSED or not keep_ms:
            return
        if _gone_ms(now_ms, self._heard_ms) > keep_ms + (keep_ms >> 1):
            self._break("the broker has been silent for too long")
            return
        due = _gone_ms(now_ms, self._told_ms) >= keep_ms - (keep_ms >> 2)
        if due and self.state == OPEN and not self._pinged:
            self._out.append(packet.PINGREQ)
            self._pinged = True
            self._told_ms = now_ms

    def receive(self, data: bytes, now_ms: int) -> None:
        """Bytes from the broker; what they mean goes to `events`."""
        if self.state == CLOSED:
            return
        self._heard_ms = now_ms
        reader = self._reader
        reader.feed(data)
        try:
            found = reader.next()
            while found is not None:
                self._packet(found[0], found[1])
                if self.state == CLOSED:
                    return
                found = reader.next()
        except MqttError as error:
            self._break(str(error))

    def _break(self, why: str) -> None:
        self.lost()
        self.events.append((BROKEN, why, None, None, None))

    def _packet(self, first: int, body: bytes) -> None:
        if self.state == WAITING:
            if first != packet.CONNACK:
                raise MqttError("packet 0x{:02x} before CONNACK".format(first))
            self._answered(body)
        elif first & 0xF0 == packet.PUBLISH:
            topic, payload, number = packet.parse_publish(first, body)
            self.events.append((MESSAGE, topic, payload, number, first & 9))
        elif first == packet.PUBACK:
            number = packet.packet_id(body)
            if self._sent.pop(number, None) is not None:
                self._order.remove(number)
                self.events.append((PUBLISHED, number, None, None, None))
        elif first == packet.PINGRESP:
            self._pinged = False
        elif first == packet.SUBACK:
            self.events.append((SUBSCRIBED, packet.packet_id(body), body[2:], None, None))
        elif first != packet.UNSUBACK:
            raise MqttError("packet 0x{:02x} is not for a client".format(first))

    def _answered(self, body: bytes) -> None:
        if body[1]:
            self.lost()
            self.events.append((REFUSED, body[1], None, None, None))
            return
        self.state = OPEN
        self.events.append((CONNECTED, bool(body[0] & 1), None, None, None))
        for number in self._order:
            data = self._sent[number]
            if data and body[0] & 1:
                data = bytes((data[0] | AGAIN,)) + data[1:]
            if data:
                self._out.append(data)
