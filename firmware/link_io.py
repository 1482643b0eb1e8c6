"""The node's link over MQTT: the connection, its reconnection, and what comes over it.

Frames go up and down as MQTT payloads; the broker is not trusted with more than carrying them. The
link joins (wire.NodeSession), sets the clock from what the join brings, and hands every other
message to the shell. It never blocks: the shell's loop gives it the time between two ticks
(`work`), and it polls one socket. An event loop with tasks and streams would take 9 kB of a node.
On a serial line (line.py) the same frames come and go, and the broker is left alone.
"""

import errno
import select
import socket
import sys

# The interpreter's own clock: in a simulation `time` is the world's, but time-outs stay real.
import utime

from protocol import mqtt, wire

from .cold import load
from .renewal import AUTHORITY, CONNECTING, PASSWORD, REFUSED

_KEEP_ALIVE_S = 30
_READ_SIZE = 256
_PACKET_SIZE_MAX = 512  # A frame and its topic; the broker has nothing longer for a node.
_WINDOW = 8
_CONNECT_MS_MAX = 10000
_NO_NETWORK_MS = 500
_TICKS = 0x3FFFFFFF
_SECURE = "firmware.secure"
_LINE = "firmware.line"
_RESOLVE = "firmware.resolve"  # As text: an import statement's names stay in memory.


class Link:
    """`shell` has board, clock, node, readings and the methods entered and message."""

    def __init__(self, settings: object, shell: object) -> None:
        self._settings = settings
        self._shell = shell
        base = "ll/{}/{}/".format(settings.site, settings.node_id)
        self._up, self._down, self._alive = base + "up", base + "down", base + "alive"
        self._neighbours = None
        self._near = ""
        if settings.near:
            group, key, place = settings.near
            self._near = "ll/{}/near/{}".format(settings.site, group)
            self._neighbours = wire.Neighbours(
                bytes.fromhex(key), bytes.fromhex(settings.node_id), place,
                shell.node.stored.boot_count,
            )  # fmt: skip
        self._session = wire.NodeSession(settings.key)
        self._client = mqtt.Session(
            settings.node_id, (settings.node_id, settings.password), _KEEP_ALIVE_S, True,
            (self._alive, b"0", 1, True), (_PACKET_SIZE_MAX, _WINDOW),
        )  # fmt: skip
        self._backoff = mqtt.Backoff()
        self._spread_ms = mqtt.spread_ms(settings.node_id, settings.spread_s)
        self._stood = True  # As if before: after boot a whole quarter knocks.
        self._nonce = b""
        self._socket = None
        self._address = ""
        self._sure = True  # Whether the broker's certificate was judged by a calendar.
        self.trouble = ""  # What ended the last connection, for the console.
        self._asking = None
        self._poll = select.poll()
        self._poll.register(sys.stdin, select.POLLIN)
        self._dropped = False
        self._rest = b""  # What the socket has not taken yet.
        self._since_ms = utime.ticks_ms()
        self._pause_ms = self._pause()
        if settings.line:
            topics = (self._down, self._near)
            settings.line = shell.board.radio = load(_LINE).run(
                settings.board, settings.line, self._poll, self._client.events, topics
            )
            settings.line.send(None)

    def use(self, key: bytes, password: str, near: str) -> None:
        """What was renewed: the key for joins from now on, the password at the next connection.

        near: the key of hints between neighbours from now on, in hex; "": as it is.
        """
        settings = self._settings
        if near and self._neighbours is not None:
            self._neighbours.use(bytes.fromhex(near))
        self._client.credentials = (settings.node_id, password)
        if key != settings.key:
            settings.key = key
            self._session = wire.NodeSession(key)
            if self._client.state:
                self._session.link_up()

    def _pause(self) -> int:
        """The pause before the next try; the first one has this node's own place in it."""
        chance = self._shell.board.random(2)
        pause_ms = self._backoff.pause_ms(chance[0] << 8 | chance[1])
        if self._stood:
            self._stood = False
            pause_ms += self._spread_ms
        return pause_ms

    def send(self, message: wire.Message) -> None:
        """Seal a message and queue it; without a join, or with a full window, it is dropped."""
        if not self._session.joined:
            return
        if isinstance(message, wire.TimeAsk):
            self._nonce = message.nonce = self._shell.board.random(wire.NONCE_SIZE)
        self._publish(self._session.seal(message))

    def tell_near(self, hold_s: int) -> None:
        """Tell the neighbours that somebody is here; nobody repeats it."""
        if self._neighbours is not None:
            frame = self._neighbours.hint(hold_s)
            self._client.publish(self._near, frame, 0)
            radio = self._shell.board.radio
            if radio is not None:
                radio.send(frame)

    def _hint(self, frame: bytes) -> None:
        """A neighbour says that somebody is there, on either road."""
        hold_s = self._neighbours.heard(frame) if self._neighbours is not None else 0
        if hold_s:
            self._shell.node.channel.near(hold_s, self._shell.clock.read())

    def _publish(self, frame: bytes) -> None:
        try:
            if self._settings.line is None:
                self._client.publish(self._up, frame)
            elif self._settings.line.send(frame):
                self._dropped = True
        except mqtt.SessionFull:
            self._dropped = True  # Events and acknowledgements are repeated; the rest see below.

    def work(self, pass_ms: int) -> None:
        """Keep the link going for so many real milliseconds."""
        start_ms = utime.ticks_ms()
        left_ms = pass_ms
        radio = self._shell.board.radio
        if radio is not None:
            frame = radio.send(None)
            if frame:
                self._hint(frame)
        while left_ms > 0:
            try:
                self._step(left_ms)
            except (OSError, ValueError) as error:
                # Refused, cut or timed out, or a certificate that is not good: after the pause
                # it is tried again.
                self.trouble = str(error)
                if isinstance(error, ValueError):
                    self._shell.renew(REFUSED, AUTHORITY)
                self._lost()
            left_ms = pass_ms - utime.ticks_diff(utime.ticks_ms(), start_ms)

    def _step(self, pass_ms: int) -> None:
        if self._settings.line is not None:
            told = self._settings.line.send(pass_ms)
            if told & 1:
                self._typed()
            if told & 2:
                raise OSError(errno.ETIMEDOUT)
            self._client.state = told & 4
            self._happened()
            self._join()
            return
        if self._socket is None:
            gone_ms = utime.ticks_diff(utime.ticks_ms(), self._since_ms)
            if gone_ms < self._pause_ms:
                # An empty poll is one wait; sleep_ms wakes two thousand times a second to look
                # for events, which a thousand simulated nodes would pay for.
                for _ in self._poll.ipoll(min(pass_ms, self._pause_ms - gone_ms)):
                    self._typed()
            elif self._shell.board.network_up():
                if self._found():
                    self._connect()
                else:
                    for _ in self._poll.ipoll(pass_ms):
                        self._typed()
            else:
                self._since_ms = utime.ticks_ms()
                self._pause_ms = _NO_NETWORK_MS
            return
        if self._client.state:
            self._keep()
        elif utime.ticks_diff(utime.ticks_ms(), self._since_ms) > _CONNECT_MS_MAX:
            raise OSError(errno.ETIMEDOUT)
        wanted = select.POLLIN
        if self._rest or not self._client.state:
            wanted |= select.POLLOUT
        self._poll.modify(self._socket, wanted)
        for what, flags in self._poll.ipoll(pass_ms):
            if what is self._socket:
                self._ready(flags)
            else:
                self._typed()

    def _typed(self) -> None:
        """A key, or the end of all keys: then nobody listens for them any more."""
        if not self._shell.typed():
            self._poll.unregister(sys.stdin)

    def told(self) -> int:
        """How far the link is, for the console: 1 network, 2 broker, 4 joined."""
        up = self._shell.board.network_up()
        return (1 if up else 0) | (2 if self._client.state else 0) | (self._session.joined << 2)

    def _found(self) -> bool:
        """Whether the broker's address is known; a name is asked for anew before each try."""
        host = self._settings.host
        if host[-1] <= "9":  # No name ends in a digit.
            self._address = host
            return True
        if self._asking is None:
            board = self._shell.board
            server = self._settings.name_server or board.net
            self._asking = load(_RESOLVE).run(host, server, board.random(2))
        try:
            found = next(self._asking)
        except (StopIteration, OSError):
            found = self._address  # The name server is silent: the broker may be where it was.
        if found is None:
            return False
        self._asking = None
        self._address = found
        if not found:
            raise OSError(errno.EHOSTUNREACH)
        return True

    def _connect(self) -> None:
        self._since_ms = utime.ticks_ms()
        where = socket.getaddrinfo(self._address, self._settings.port)[0][-1]
        self._socket = socket.socket()
        self._socket.setblocking(False)
        self._poll.register(self._socket, select.POLLOUT)
        try:
            self._socket.connect(where)
        except OSError as error:
            if error.errno != errno.EINPROGRESS:
                raise

    def _ready(self, flags: int) -> None:
        if flags & (select.POLLERR | select.POLLHUP):
            raise OSError(errno.ECONNRESET)
        if not self._client.state:
            used = self._shell.renew(CONNECTING)
            if self._settings.tls_name:
                self._secure(used & AUTHORITY)
                flags = 0
            self._client.begin(utime.ticks_ms() & _TICKS)
        if flags & select.POLLIN:
            data = self._socket.read(_READ_SIZE)
            if data == b"":
                raise OSError(errno.ECONNRESET)
            if data:
                self._client.receive(data, utime.ticks_ms() & _TICKS)
                self._happened()
        self._flush()
        if not self._client.state:
            raise OSError(errno.ECONNRESET)

    def _secure(self, former: int) -> None:
        """Put TLS over the connection; it shakes hands while the session is read and written."""
        clock = self._shell.clock
        self._sure = clock.now.quality > wire.TIME_ESTIMATED
        self._poll.unregister(self._socket)
        day = clock.keeper.known_day(clock.now)
        secured = load(_SECURE).run
        name, second = self._settings.tls_name, clock.now.second
        self._socket = secured(self._socket, name, day, second, former)
        self._poll.register(self._socket, select.POLLIN | select.POLLOUT)

    def _flush(self) -> None:
        data = self._client.take()
        if data:
            self._rest = self._rest + data if self._rest else data
        if self._rest:
            taken = self._socket.write(self._rest)
            if taken:
                self._rest = self._rest[taken:]

    def _keep(self) -> None:
        """Keep the connection alive, ask to join when due, send what the node has said."""
        self._client.tick(utime.ticks_ms() & _TICKS)
        if not self._client.state:
            raise OSError(errno.ETIMEDOUT)
        if not self._shell.board.network_up():
            self._client.disconnect()
            self._flush()
            raise OSError(errno.ENOTCONN)
        self._join()
        self._flush()

    def _lost(self) -> None:
        if self._socket is not None:
            self._poll.unregister(self._socket)
            self._socket.close()
            self._socket = None
        self._rest = b""
        self._client.lost()
        self._session.link_down()
        self._shell.node.left()
        self._since_ms = utime.ticks_ms()
        self._pause_ms = self._pause()

    def _join(self) -> None:
        if not self._session.join_due(utime.ticks_ms() & _TICKS):
            return
        shell = self._shell
        shell.node.left()
        nonce = shell.board.random(wire.NONCE_SIZE)
        boot = shell.node.stored.boot_count
        self._publish(self._session.ask_join(nonce, boot, 0, utime.ticks_ms() & _TICKS))

    def _happened(self) -> None:
        events = self._client.events
        for kind, a, b, c, _ in events:
            if kind == mqtt.MESSAGE:
                self._client.acknowledge(c)
                if a == self._down:
                    self._frame(b)
                elif a == self._near:
                    self._hint(b)
            elif kind == mqtt.CONNECTED:
                self._backoff.succeeded()
                self._stood = True
                if self._neighbours is None:
                    self._client.subscribe((self._down, 1))
                else:
                    self._client.subscribe((self._down, 1), (self._near, 0))
                self._client.publish(self._alive, b"1", 1, True)
            elif kind == mqtt.PUBLISHED and self._dropped and not self._client.full:
                self._dropped = False  # What was not told: the state and its chain, as they are.
                self._shell.node.channel.rules, self._shell.node.channel.news = b"", True
            elif kind == mqtt.REFUSED:
                self._shell.renew(REFUSED, PASSWORD)
            elif kind == mqtt.SUBSCRIBED:
                self._session.link_up()
                if self._session.joined:  # The session outlived the connection: go on with it.
                    self._shell.entered()
        events.clear()

    def _frame(self, frame: bytes) -> None:
        shell = self._shell
        try:
            message = self._session.open(frame, utime.ticks_ms() & _TICKS)
        except wire.DecodeError:
            shell.readings.refused += 1
            return
        if isinstance(message, wire.JoinAccept):
            self._set_clock(message)
            shell.entered()
        elif isinstance(message, wire.Time):
            if self._nonce and message.nonce == self._nonce:
                self._set_clock(message)
            self._nonce = b""
        elif not isinstance(message, wire.JoinNeeded):
            shell.message(message)

    def _set_clock(self, message: wire.JoinAccept | wire.Time) -> None:
        """Take the time; a certificate that was judged without it is judged again."""
        self._shell.clock.set(
            message.day, message.second, message.millis, message.quality,
            self._shell.node.configuration,
        )  # fmt: skip
        if not self._sure:
            self._sure, self._stood = True, False
            raise OSError(errno.ECONNRESET)
