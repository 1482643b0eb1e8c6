"""The node's brain: fed ticks, readings and messages, it asks its shell for effects.

One kind of node today has one channel: a lamp with presence and metering, or a bay. Each tick the
shell fills `now` and `readings` and calls `tick`; each message from the controller goes to
`message`. Everything to be done comes out of `effects`, in order: what must be in flash stands
before what is sent.
"""

from protocol import schedule, wire

from .effects import DUTY, STORE_BAY, STORE_UPLOAD, Effects
from .happenings import Happenings
from .lamp import Lamp
from .monitor import Monitor
from .motion import Motion
from .now import Now
from .parking import OCCUPIED, Bay
from .uploads import Uploads

FIRMWARE_VERSION = 1
LAMP, BAY = "lamp", "bay"
# A change of power smaller than this (and than 3 %) is no news.
_POWER_NEWS_MW = 700
# Reports of one channel keep this distance, but for the first after a change.
_REPORT_MS_MIN = 150
_RAMP_REPORT_MS = 2000
_TIME_ASK_S = 3600
_NODE_REPORT_S = 3600
_LAMP_FAILURE = wire.EVENT_NAMES.index("lamp_failure")
_BAY_OCCUPIED = wire.EVENT_NAMES.index("bay_occupied")
_BAY_VACANT = wire.EVENT_NAMES.index("bay_vacant")


class Readings:
    """What the sensors say: power_mw is -1 while the meter is silent, field in nT."""

    def __init__(self) -> None:
        self.present = False
        self.power_mw = -1
        self.energy_wh = 0
        self.voltage_dv = 0
        self.field = [0, 0, 0]
        self.field_ok = False
        self.heap_free_bytes = 0
        self.heap_total_bytes = 0
        self.events_waiting = 0
        self.events_lost = 0
        self.refused = 0


class Stored:
    """What flash held at boot: (generation, digest, content) of both uploads, counters."""

    def __init__(self) -> None:
        self.schedule: tuple[int, bytes, bytes] = (0, bytes(8), b"")
        self.configuration: tuple[int, bytes, bytes] = (0, bytes(8), b"")
        self.boot_count = 0
        self.next_event = 1
        self.reset_cause = 0
        self.bay = b""


class Node:
    """A node of one channel. `kind` is LAMP or BAY."""

    def __init__(self, kind: str, stored: Stored, effects: Effects) -> None:
        self.kind = kind
        self.effects = effects
        self.stored = stored
        self.happenings = Happenings(stored.boot_count, stored.next_event, effects)
        self.uploads = Uploads()
        self.lamp = Lamp()
        self.monitor = Monitor()
        self.motion = Motion()
        self.bay = Bay()
        self.configuration: wire.Configuration | None = None
        self.joined = False
        self._commands = wire.Recent()
        self._reported_ms = 0
        self._reported_s = 0
        self._reported_power_mw = -1
        self._news = False
        self._asked_time_s = 0
        self._node_report_s = 0
        self._burning_ms = 0
        self._burning_min = 0
        self._ticked_ms = -1
        if stored.bay:
            self.bay.remember(stored.bay)
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
        if self.kind == LAMP:
            self._tick_lamp(now, readings)
        elif readings.field_ok and self.bay.tick(readings.field, now):
            self._bay_changed(now)
        if self.joined:
            self.happenings.tick(now)
            self._report(now, readings)
            if now.uptime_s - self._asked_time_s >= _TIME_ASK_S:
                self._asked_time_s = now.uptime_s
                self.effects.send(wire.TimeAsk())

    def _tick_lamp(self, now: Now, readings: Readings) -> None:
        lamp = self.lamp
        before_c = lamp.level_c
        changed = self.motion.tick(readings.present, now)
        if lamp.tick(now, self.motion.age_s(now)) or changed:
            self._news = True
        if lamp.level_c != before_c:
            self.effects.add(DUTY, lamp.duty)
            if not lamp.ramping:
                self._news = True
        if self.monitor.tick(lamp.level_percent, readings.power_mw, now):
            self._news = True
            started = wire.STARTED if self.monitor.failed else wire.ENDED
            self.happenings.happen(_LAMP_FAILURE, started, readings.power_mw, now)
        self._burn(now)

    def _burn(self, now: Now) -> None:
        if self._ticked_ms >= 0 and self.lamp.level_c:
            self._burning_ms += wire.ticks_after(now.tick_ms, self._ticked_ms)
            while self._burning_ms >= 60000:
                self._burning_ms -= 60000
                self._burning_min += 1
        self._ticked_ms = now.tick_ms

    def _bay_changed(self, now: Now) -> None:
        self._news = True
        kind = _BAY_OCCUPIED if self.bay.state == OCCUPIED else _BAY_VACANT
        if self.stored.bay:  # A first calibration is no event: nobody came or left.
            self.happenings.happen(kind, wire.INSTANT, self.bay.confidence_percent, now)
        self.stored.bay = self.bay.memory()
        self.effects.add(STORE_BAY, self.stored.bay)

    def _report(self, now: Now, readings: Readings) -> None:
        """Send a state when there is news, when a ramp goes on, or when it is time."""
        since_ms = wire.ticks_after(now.tick_ms, self._reported_ms)
        beat_s = self.configuration.heartbeat_s if self.configuration else 60
        due = now.uptime_s - self._reported_s >= beat_s
        if self.kind == LAMP:
            power_mw = max(0, readings.power_mw)
            step_mw = max(_POWER_NEWS_MW, self._reported_power_mw * 3 // 100)
            if abs(power_mw - self._reported_power_mw) > step_mw:
                self._news = self._news or since_ms >= _REPORT_MS_MIN
            due = due or (self.lamp.ramping and since_ms >= _RAMP_REPORT_MS)
        if self._news or due:
            self.report(now, readings)
        if now.uptime_s - self._node_report_s >= _NODE_REPORT_S or not self._node_report_s:
            self._node_report_s = max(1, now.uptime_s)
            self.effects.send(self.node_state(now, readings))

    def report(self, now: Now, readings: Readings) -> None:
        """Ask to send the channel's state."""
        self._news = False
        self._reported_ms = now.tick_ms
        self._reported_s = now.uptime_s
        if self.kind == LAMP:
            self._reported_power_mw = max(0, readings.power_mw)
            self.effects.send(self._lamp_state(now, readings))
        else:
            self.effects.send(self._bay_state(now))

    def _lamp_state(self, now: Now, readings: Readings) -> wire.LampState:
        lamp = self.lamp
        faults = wire.FAULT_LAMP if self.monitor.failed else 0
        if readings.power_mw < 0:
            faults |= wire.FAULT_METER
        return wire.LampState(
            day=now.day, second=now.second, quality=now.quality,
            level_percent=lamp.level_percent, target_percent=lamp.target_percent,
            reason=lamp.reason, faults=faults, power_mw=max(0, readings.power_mw),
            energy_wh=readings.energy_wh, voltage_dv=readings.voltage_dv,
            presence=1 if self.motion.present else 0, burning_min=self._burning_min,
            override_id=lamp.override_id,
        )  # fmt: skip

    def _bay_state(self, now: Now) -> wire.BayState:
        bay = self.bay
        return wire.BayState(
            day=now.day, second=now.second, quality=now.quality, state=bay.state,
            confidence_percent=bay.confidence_percent, since_day=bay.since_day,
            since_second=bay.since_second,
        )  # fmt: skip

    def node_state(self, now: Now, readings: Readings) -> wire.NodeState:
        """The node's own health."""
        return wire.NodeState(
            day=now.day, second=now.second, quality=now.quality, uptime_ms=now.uptime_ms,
            heap_free_bytes=readings.heap_free_bytes, heap_total_bytes=readings.heap_total_bytes,
            refused=min(readings.refused, 65535), events_waiting=readings.events_waiting,
            events_lost=readings.events_lost, reset_cause=self.stored.reset_cause,
            boot_count=self.stored.boot_count,
        )  # fmt: skip

    def entered(self, now: Now, readings: Readings) -> None:
        """The node has joined: say hello, then everything at once."""
        self.joined = True
        self._asked_time_s = now.uptime_s
        self.effects.send(self.hello(now))
        self.happenings.joined()
        self.report(now, readings)

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
        elif isinstance(message, wire.Ask):
            self.report(now, readings)
            self.effects.send(self.node_state(now, readings))
            self.effects.send(wire.Ack(command_id=message.command_id, status=wire.ACK_DONE))

    def _override(self, message: wire.Override, now: Now) -> None:
        status = wire.ACK_DONE
        if not self._commands.seen(message.command_id):
            lamp = self.lamp if self.kind == LAMP else None
            status = lamp.override(message, now) if lamp else wire.ACK_REFUSED
            self._commands.add(message.command_id)
            self._news = True
        self.effects.send(wire.Ack(message.channel, command_id=message.command_id, status=status))

    def _stored(self, kind: int) -> tuple[int, bytes, bytes]:
        stored = self.stored
        return stored.schedule if kind == wire.UPLOAD_SCHEDULE else stored.configuration

    def _chunk(self, message: wire.UploadChunk) -> None:
        state = self.uploads.chunk(message)
        content = self.uploads.content
        if state.status == wire.UPLOAD_STORED and content:
            self.uploads.content = b""
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
            schedule.Zone.from_bytes(configuration.zone)
        except (wire.DecodeError, schedule.ScheduleError):
            return False
        self.configuration = configuration
        self.lamp.configure(configuration)
        self.monitor.configure(configuration)
        if self.stored.schedule[2]:
            self._schedule(self.stored.schedule[2])
        return True

    def _schedule(self, content: bytes) -> bool:
        """Follow a schedule; without a configuration it waits for one."""
        configuration = self.configuration
        if configuration is None:
            return True
        try:
            plan = schedule.Evaluator(
                content, configuration.lat_e5, configuration.lon_e5,
                schedule.Zone.from_bytes(configuration.zone),
            )  # fmt: skip
        except schedule.ScheduleError:
            return False
        self.lamp.follow(plan, schedule.Decision())
        return True
