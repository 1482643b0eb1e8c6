"""The node's link over MQTT: one task that owns the connection and its reconnection.

Frames go up and down as MQTT payloads; the broker is not trusted with more than carrying them. The
link joins (wire.NodeSession), sets the clock from what the join brings, and hands every other
message to the shell. Its time-outs are real time, not the world's.
"""

import asyncio

from protocol import mqtt, wire

_KEEP_ALIVE_S = 30
_READ_SIZE = 1024
_PACKET_SIZE_MAX = 512  # A frame and its topic; the broker has nothing longer for a node.
_WINDOW = 8
_CONNECT_S_MAX = 10
_IDLE_MS = 250
_NO_NETWORK_MS = 500


class Link:
    """`shell` has board, clock, node, readings and the methods entered and message."""

    def __init__(self, settings: object, shell: object) -> None:
        self._settings = settings
        self._shell = shell
        base = "ll/{}/{}/".format(settings.site, settings.node_id)
        self._up, self._down, self._alive = base + "up", base + "down", base + "alive"
        self._session = wire.NodeSession(settings.key)
        self._client = mqtt.Session(
            settings.node_id, (settings.node_id, settings.password), _KEEP_ALIVE_S, True,
            (self._alive, b"0", 1, True), (_PACKET_SIZE_MAX, _WINDOW),
        )  # fmt: skip
        self._backoff = mqtt.Backoff()
        self._nonce = b""
        self._wake = asyncio.Event()

    def send(self, message: wire.Message) -> None:
        """Seal a message and queue it; without a join, or with a full window, it is dropped."""
        if not self._session.joined:
            return
        if isinstance(message, wire.TimeAsk):
            self._nonce = message.nonce = self._shell.board.random(wire.NONCE_SIZE)
        self._publish(self._session.seal(message))

    def _publish(self, frame: bytes) -> None:
        try:
            self._client.publish(self._up, frame)
        except mqtt.SessionFull:
            return  # States are told again, events and acknowledgements repeated.
        self._wake.set()

    async def run(self) -> None:
        """Connect, and connect again, for ever."""
        while True:
            if not self._shell.board.network_up():
                await asyncio.sleep_ms(_NO_NETWORK_MS)
                continue
            chance = self._shell.board.random(2)
            pause_ms = self._backoff.pause_ms(chance[0] << 8 | chance[1])
            await asyncio.sleep_ms(pause_ms)
            try:
                await self._connection()
            except OSError:
                pass  # Refused, cut or timed out: try again after the pause.

    async def _connection(self) -> None:
        where = (self._settings.host, self._settings.port)
        reader, writer = await asyncio.wait_for(
            asyncio.open_connection(where[0], where[1]), _CONNECT_S_MAX
        )
        self._client.begin(self._tick_ms())
        writing = asyncio.create_task(self._write(writer))
        try:
            while self._client.state:
                data = await reader.read(_READ_SIZE)
                if not data:
                    break
                self._client.receive(data, self._tick_ms())
                self._happened()
        finally:
            writing.cancel()
            self._client.lost()
            self._session.link_down()
            self._shell.node.left()
            writer.close()

    async def _write(self, writer: object) -> None:
        """Write what is queued, keep the connection alive, ask to join when due."""
        while self._client.state:
            self._client.tick(self._tick_ms())
            if not self._shell.board.network_up():
                self._client.disconnect()
            else:
                self._join()
            data = self._client.take()
            if data:
                writer.write(data)
                await writer.drain()
                continue
            try:
                await asyncio.wait_for_ms(self._wake.wait(), _IDLE_MS)
            except asyncio.TimeoutError:
                pass
            self._wake.clear()
        writer.close()

    def _join(self) -> None:
        if not self._session.join_due(self._tick_ms()):
            return
        shell = self._shell
        shell.node.left()
        nonce = shell.board.random(wire.NONCE_SIZE)
        boot = shell.node.stored.boot_count
        self._publish(self._session.ask_join(nonce, boot, 0, self._tick_ms()))

    def _happened(self) -> None:
        events = self._client.events
        for kind, a, b, c, _ in events:
            if kind == mqtt.MESSAGE:
                self._client.acknowledge(c)
                if a == self._down:
                    self._frame(b)
            elif kind == mqtt.CONNECTED:
                self._backoff.succeeded()
                self._client.subscribe((self._down, 1))
                self._client.publish(self._alive, b"1", 1, True)
            elif kind == mqtt.SUBSCRIBED:
                self._session.link_up()
        events.clear()
        self._wake.set()

    def _frame(self, frame: bytes) -> None:
        shell = self._shell
        try:
            message = self._session.open(frame, self._tick_ms())
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
        self._shell.clock.set(message.day, message.second, message.millis, message.quality)

    def _tick_ms(self) -> int:
        return asyncio.core.ticks()
