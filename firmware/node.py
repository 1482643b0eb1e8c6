"""The node's brain: fed ticks, readings and messages, it asks its shell for effects.

Its one channel is a lamp with presence and metering (lamp_channel.py), a bay (bay_channel.py) or a
station (station_channel.py); what all do is here. An image holds the kinds apart, so that no node
loads another. Each tick
the shell fills `now` and `readings` and calls `tick`; each message from the controller goes to
`message`. Everything to be done comes out of `effects`, in order: what must be in flash stands
before what is sent.
"""

from protocol import schedule, wire

from .bay_channel import BayChannel
from .effects import RENEW, RESTART, STORE_UPLOAD, Effects
from .happenings import Happenings
from .lamp_channel import LampChannel
from .now import Now
from .readings import Readings
from .station_channel import StationChannel
from .uploads import Uploads

FIRMWARE_VERSION = 1
_TIME_ASK_S = 3600
_NODE_REPORT_S = 600
_MEMORY = 9  # Of a DALI driver: 1 has it read and told, not at once and not too often.
_REFUSED_S = 5  # Somebody tries something: that is told sooner, and not for each frame.
_HEARTBEAT_S = 60  # Until a configuration says otherwise.


class Stored:
    """What flash held at boot: (generation, digest, content) of both uploads, counters."""

    def __init__(self) -> None:
        self.schedule: tuple[int, bytes, bytes] = (0, bytes(8), b"")
        self.configuration: tuple[int, bytes, bytes] = (0, bytes(8), b"")
        self.boot_count = 0
        self.next_event = 1
        self.reset_cause = 0
        self.memory = b""


class Node:
    """A node of one channel, which `channel_of` makes."""

    def __init__(
        self,
        channel_of: "type[LampChannel] | type[BayChannel] | type[StationChannel]",
        stored: Stored,
        effects: Effects,
    ) -> None:
        self.effects = effects
        self.stored = stored
        self.happenings = Happenings(stored.boot_count, stored.next_event, effects)
        self.channel: LampChannel | BayChannel | StationChannel = channel_of(
            effects, self.happenings, stored.memory
        )
        self.uploads = Uploads()
        self.configuration: wire.Configuration | None = None
        self.joined = False
        self._commands = wire.Recent()
        self._reported_ms = 0
        self._reported_s = 0
        self._asked_time_s = 0
        self._node_report_s = 0
        self._told_refused = 0
        if stored.configuration[2]:
            self._configure(stored.configuration[2])
        if stored.schedule[2]:
            self._schedule(stored.schedule[2])

    def hello(self, now: Now) -> wire.Hello:
        """What this node is and holds."""
        stored = self.stored
        return wire.Hello(
            boot_count=stored.boot_count, uptime_ms=now.uptime_ms,
            wire_version=wire.WIRE_VERSION, schedule_version=schedule.TABLE_VERSION,
            configuration_version=wire.CONFIGURATION_VERSION, channels=1,
            schedule_digest=stored.schedule[1], configuration_digest=stored.configuration[1],
            schedule_generation=stored.schedule[0],
            configuration_generation=stored.configuration[0], firmware_version=FIRMWARE_VERSION,
        )  # fmt: skip

    def tick(self, now: Now, readings: Readings) -> None:
        """Time passes."""
        self.channel.tick(now, readings)
        if self.joined:
            self.happenings.tick(now)
            self._report(now, readings)
            why = self.channel.why(now)
            if why is not None:
                self.effects.send(why)
            if now.uptime_s - self._asked_time_s >= _TIME_ASK_S:
                self._asked_time_s = now.uptime_s
                self.effects.send(wire.TimeAsk())

    def _report(self, now: Now, readings: Readings) -> None:
        """Send a state when there is news, when a ramp goes on, or when it is time."""
        since_ms = wire.ticks_after(now.tick_ms, self._reported_ms)
        beat_s = self.configuration.heartbeat_s if self.configuration else _HEARTBEAT_S
        if self.channel.due(readings, since_ms) or now.uptime_s - self._reported_s >= beat_s:
            self.report(now, readings)
        due_s = _NODE_REPORT_S if readings.refused == self._told_refused else _REFUSED_S
        if now.uptime_s - self._node_report_s >= due_s or not self._node_report_s:
            self._node_report_s = max(1, now.uptime_s)
            self._told_refused = readings.refused
            self._health(now, readings)

    def report(self, now: Now, readings: Readings) -> None:
        """Ask to send the channel's state."""
        self._reported_ms = now.tick_ms
        self._reported_s = now.uptime_s
        self.effects.send(self.channel.state(now, readings))

    def node_state(self, now: Now, readings: Readings) -> wire.NodeState:
        """The node's own health."""
        return wire.NodeState(
            day=now.day, second=now.second, quality=now.quality, uptime_ms=now.uptime_ms,
            heap_free_bytes=readings.heap_free_bytes, heap_total_bytes=readings.heap_total_bytes,
            refused=min(readings.refused, 65535), events_waiting=readings.events_waiting,
            events_lost=readings.events_lost, reset_cause=self.stored.reset_cause,
            boot_count=self.stored.boot_count,
        )  # fmt: skip

    def _health(self, now: Now, readings: Readings) -> None:
        self.effects.send(self.node_state(now, readings))
        self.effects.send(self.wear(readings))

    def wear(self, readings: Readings) -> wire.NodeWear:
        """How the node ages, and how good its clock is."""
        return wire.NodeWear(
            clock_error_s=readings.clock_error_s, drift_ppm=readings.drift_ppm,
            temperature_dc=readings.temperature_dc, switch_count=self.channel.switch_count,
        )  # fmt: skip

    def entered(self, now: Now, readings: Readings) -> None:
        """The node has joined: say hello, then everything at once."""
        self.joined = True
        self._asked_time_s = now.uptime_s
        self.effects.send(self.hello(now))
        self.happenings.joined()
        self.channel.rules = b""  # They are told again.
        self.report(now, readings)
        if readings.driver is not None:
            readings.driver[_MEMORY] = 1

    def left(self) -> None:
        """The link is gone; nothing is sent until the next join."""
        self.joined = False

    def message(self, message: wire.Message, now: Now, readings: Readings) -> None:
        """A message from the controller, its seal already checked."""
        if isinstance(message, wire.Override):
            self._override(message, now)
        elif isinstance(message, wire.EventAck):
            self.happenings.acknowledged(message)
        elif isinstance(message, wire.UploadBegin):
            stored = self._stored(message.kind)
            self.effects.send(self.uploads.begin(message, (stored[0], stored[1])))
        elif isinstance(message, wire.UploadChunk):
            self._chunk(message)
        elif isinstance(message, wire.Input):
            if message.generation == self.stored.schedule[0]:  # Another table numbers otherwise.
                self.channel.input(message, now)
        elif isinstance(message, wire.Reset):
            self.effects.send(wire.Ack(command_id=message.command_id, status=wire.ACK_DONE))
            self.effects.add(RESTART, message.action)
        elif isinstance(message, wire.Ask):
            self.report(now, readings)
            self._health(now, readings)
            if readings.driver is not None:
                readings.driver[_MEMORY] = 1
            self.effects.send(wire.Ack(command_id=message.command_id, status=wire.ACK_DONE))
        elif message.TYPE in (wire.SET_OUTPUT, wire.RECALIBRATE):  # Rows of some kinds' images.
            self._override(message, now)

    def _override(self, message: wire.Message, now: Now) -> None:
        status = wire.ACK_DONE
        command_id: int = message.command_id  # type: ignore[attr-defined]  # both rows have it
        if not self._commands.seen(command_id):
            status = self.channel.override(message, now)
            self._commands.add(command_id)
            self.channel.news = True
        self.effects.send(wire.Ack(message.channel, command_id=command_id, status=status))

    def _stored(self, kind: int) -> tuple[int, bytes, bytes]:
        stored = self.stored
        return stored.schedule if kind == wire.UPLOAD_SCHEDULE else stored.configuration

    def _chunk(self, message: wire.UploadChunk) -> None:
        state = self.uploads.chunk(message)
        content = self.uploads.content
        if state.status == wire.UPLOAD_STORED and content:
            self.uploads.content = b""
            if message.kind == wire.UPLOAD_RENEWAL:  # It answers when it is kept.
                self.effects.add(RENEW, state, content)
                return
            take = self._schedule if message.kind == wire.UPLOAD_SCHEDULE else self._configure
            if take(content):
                digest = self.uploads.digest
                if message.kind == wire.UPLOAD_SCHEDULE:
                    self.stored.schedule = (message.generation, digest, content)
                else:
                    self.stored.configuration = (message.generation, digest, content)
                self.effects.add(STORE_UPLOAD, message.kind, (message.generation, content))
            else:
                state.status = wire.UPLOAD_BAD_CONTENT
        self.effects.send(state)

    def _configure(self, content: bytes) -> bool:
        try:
            configuration = wire.decode_configuration(content)
        except wire.DecodeError:
            return False
        if not self.channel.configure(configuration):
            return False
        self.configuration = configuration
        if self.stored.schedule[2]:
            self._schedule(self.stored.schedule[2])
        return True

    def _schedule(self, content: bytes) -> bool:
        """Follow a schedule; without a configuration it waits for one."""
        return self.configuration is None or self.channel.follow(content, self.configuration)
