"""A node's one channel when it is a parking bay: occupancy, stays, and what of it is news."""

from protocol import wire

from .duty import Duty
from .effects import STORE_MEMORY, Effects
from .happenings import Happenings
from .now import Now
from .parking import OCCUPIED, UNKNOWN, VACANT, Bay
from .readings import Readings

_BAY_OCCUPIED = wire.EVENT_NAMES.index("bay_occupied")
_BAY_VACANT = wire.EVENT_NAMES.index("bay_vacant")
_OVERSTAY = wire.EVENT_NAMES.index("overstay")
_STORE_S = 21600  # What the detector has learned is stored so often.
_RADAR_SILENT, _RADAR_SEES, _RADAR_COVERED = 0, 1, 2


class BayChannel:
    """One bay. `news` is set when its state should be told."""

    def __init__(self, effects: Effects, happenings: Happenings, memory: bytes) -> None:
        self.effects = effects
        self.happenings = happenings
        self.bay = Bay()
        self.news = False
        self.rules = b""
        self._duty = Duty()
        self._beat_s = 3600
        self._told_s = 0
        self._stay_max_s = 0
        self._stored_s = 0
        if memory:
            self.bay.remember(memory)

    ramping = False
    expected_mw = -1
    switch_count = 0

    def tick(self, now: Now, readings: Readings) -> None:
        """Time passes."""
        bay = self.bay
        was = bay.known
        field = readings.field if readings.field_ok else None
        changed = bay.tick(field, readings.echo, readings.temperature_dc, now)
        if self._stay_max_s or bay.overstayed:
            self._watch_stay(now)
        if changed:
            self.news = True
            if was not in (UNKNOWN, bay.known):  # What it first finds, nobody has done.
                kind = _BAY_OCCUPIED if bay.state == OCCUPIED else _BAY_VACANT
                self.happenings.happen(kind, wire.INSTANT, bay.confidence_percent, now)
        if changed or now.uptime_s - self._stored_s >= _STORE_S:
            self._store(now)
        talk = self.news or readings.events_waiting or now.uptime_s - self._told_s >= self._beat_s
        readings.echo.rest_ms = self._duty.rest_ms(bay.pause_ms, bool(talk), now)
        readings.echo.radio = self._duty.radio

    def _store(self, now: Now) -> None:
        self._stored_s = now.uptime_s
        self.effects.add(STORE_MEMORY, self.bay.memory())

    def _watch_stay(self, now: Now) -> None:
        """A stay that is too long begins and ends to be told once; its value is in minutes."""
        bay = self.bay
        over = bay.overstayed and bay.state != VACANT
        if bay.state == OCCUPIED and self._stay_max_s:
            over = over or bay.stayed_s(now) > self._stay_max_s
        if over == bay.overstayed:
            return
        bay.overstayed = over
        self.news = True
        started = wire.STARTED if over else wire.ENDED
        self.happenings.happen(_OVERSTAY, started, bay.stayed_s(now) // 60, now)
        self._store(now)

    def due(self, readings: Readings, since_ms: int) -> bool:
        """Whether the state should be told."""
        return self.news

    def state(self, now: Now, readings: Readings) -> wire.Message:
        """The state, which is then no news any more."""
        self.news = False
        self._told_s = now.uptime_s
        bay = self.bay
        return wire.BayState(
            day=now.day, second=now.second, quality=now.quality, state=bay.state,
            confidence_percent=bay.confidence_percent, since_day=bay.since_day,
            since_second=bay.since_second, overstayed=int(bay.overstayed),
            stay_min=min(bay.stayed_s(now) // 60, 65535), radar=self._radar(),
            far_nt=bay.far_nt, temperature_dc=readings.temperature_dc,
        )  # fmt: skip

    def _radar(self) -> int:
        if self.bay.silent:
            return _RADAR_SILENT
        return _RADAR_COVERED if self.bay.blind else _RADAR_SEES

    def override(self, message: wire.Message, now: Now) -> int:
        """A bay has no level to override; it is calibrated anew."""
        if not isinstance(message, wire.Recalibrate):
            return wire.ACK_REFUSED
        self.bay.recalibrate(now)
        self._store(now)
        return wire.ACK_DONE

    def input(self, message: wire.Input, now: Now) -> None:
        """Inputs are a lamp's; a bay has no schedule."""

    def why(self, now: Now) -> "wire.Message | None":
        """Nothing to tell: rules are a lamp's."""
        return None

    def configure(self, configuration: wire.Configuration) -> bool:
        """Of a configuration the longest stay concerns a bay, and the node's heartbeat."""
        self._stay_max_s = configuration.stay_max_min * 60
        self._beat_s = configuration.heartbeat_s
        return True

    def follow(self, content: bytes, configuration: wire.Configuration) -> bool:
        """A bay keeps a schedule for the controller's sake and follows none."""
        return True

    def correct(self, event: wire.Event) -> None:
        """An event that flash still held at boot is newer than the memory beside it."""
        self.bay.correct(event.kind)
