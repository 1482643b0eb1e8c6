# mypy: ignore-errors
"""A node's brain: alone it keeps its program; commands, events, uploads and faults."""

import hashlib

from firmware.effects import (
    DUTY,
    FORGET_EVENT,
    RESTART,
    SEND,
    STORE_EVENT,
    STORE_UPLOAD,
    Effects,
)
from firmware.happenings import WINDOW, event_of, record_of
from firmware.lamp_channel import LampChannel
from firmware.node import Node, Stored
from firmware.now import Now
from firmware.readings import Readings
from protocol import wire

# Steps at 18:00 (100 %), 22:30 (60 %) and 06:00 (30 %), always active, presence lifts to 80 %.
TABLE = bytes.fromhex(
    "0201000003000001605400001e0000000020fd00006400000000683c01003c3c000000ff01502d00"
    "000000000000000000000000"
)
EMPTY = [19800, 600, 44900]
CAR = [29800, 9600, 35900]


class Bench:
    """A node on a bench: time, readings, and what it asked for."""

    def __init__(self, channel_of=LampChannel, clock=True, stored=None):
        self.stored = stored or stored_of()
        self.effects = Effects()
        self.now, self.readings = Now(), Readings()
        if clock:
            self.set(9821, 72000)
        self.readings.power_mw = 60000
        self.readings.field_ok = True
        self.readings.field = list(EMPTY)
        self.node = Node(channel_of, self.stored, self.effects)
        self.sent, self.duties, self.done = [], [], []

    def set(self, day, second):
        """It is this day and second (UTC)."""
        self.now.day, self.now.second, self.now.millis = day, second, 0
        self.now.quality = wire.TIME_SYNCHRONISED

    def drain(self):
        """Take up what the node asked for."""
        effects = self.effects
        for at in range(effects.count):
            kind, a, b = effects.kinds[at], effects.a[at], effects.b[at]
            self.done.append((kind, a, b))
            if kind == SEND:
                self.sent.append(a)
            elif kind == DUTY:
                self.duties.append(a)
            elif kind == STORE_EVENT:
                self.node.happenings.load(event_of(record_of(a)), self.now)
        effects.clear()

    def run(self, seconds, power=None):
        """So many seconds, ten ticks each; `power` gives milliwatts for a level."""
        for _ in range(seconds * 10):
            now = self.now
            now.tick_ms = (now.tick_ms + 100) & 0x3FFFFFFF
            now.uptime_ms += 100
            now.uptime_s = now.uptime_ms // 1000
            if now.quality:
                now.millis += 100
                now.second += now.millis // 1000
                now.millis %= 1000
            if power:
                self.readings.power_mw = power(self.node.channel.lamp.level_percent)
            self.node.tick(now, self.readings)
            self.drain()

    def say(self, message):
        """A message from the controller."""
        self.node.message(message, self.now, self.readings)
        self.drain()

    def last(self, row):
        """The newest message of a kind."""
        found = [m for m in self.sent if isinstance(m, row)]
        return found[-1] if found else None

    def kinds(self):
        """The kinds of what it asked for, in order."""
        return [kind for kind, _, _ in self.done]

    @property
    def level(self):
        """The lamp's level in percent."""
        return self.node.channel.lamp.level_percent

    @property
    def reason(self):
        """The reason of the lamp's level."""
        return wire.REASON_NAMES[self.node.channel.lamp.reason]


def configuration(floor_percent=5):
    """A configuration in UTC."""
    return wire.encode_configuration(
        wire.Configuration(
            lat_e5=5084650, lon_e5=435170, heartbeat_s=60, floor_percent=floor_percent,
            default_percent=100, power_max_mw=60000, fade_ds=10, lamp_failure_s=3,
        )
    )  # fmt: skip


def stored_of(table=TABLE):
    """What flash holds of a configured node."""
    stored = Stored()
    stored.boot_count = 4
    stored.next_event = 10
    stored.configuration = (1, bytes(8), configuration())
    stored.schedule = (1, bytes(8), table)
    return stored


def good_power(level):
    """What a lamp of 60 W takes."""
    return level * 600


def test_a_node_is_lit_before_it_knows_anything():
    bench = Bench(clock=False, stored=Stored())
    assert bench.level == 100
    bench.run(5)
    assert bench.level == 100


def test_a_node_alone_follows_its_program():
    bench = Bench()
    bench.run(2)
    assert (bench.level, bench.reason) == (100, "program")
    bench.set(9821, 81000 - 1)
    bench.run(70)
    assert bench.level == 60
    bench.set(9822, 21599)
    bench.run(5)
    assert bench.level == 30


def test_without_a_clock_the_lamp_is_lit_whatever_the_program():
    bench = Bench(clock=False)
    bench.run(3)
    assert (bench.level, bench.reason) == (100, "default")


def test_a_ramp_takes_as_long_as_its_step_says():
    bench = Bench()
    bench.set(9821, 81000)
    bench.run(30)
    assert 75 <= bench.level <= 85
    bench.run(31)
    assert bench.level == 60


def test_an_override_lights_until_its_end():
    bench = Bench()
    bench.say(
        wire.Override(command_id=1, action=1, level_percent=25, rank=1, life_s=60, override_id=9)
    )
    bench.run(5)
    assert (bench.level, bench.reason) == (25, "override")
    bench.run(60)
    assert bench.reason == "program"


def test_a_stronger_override_wins_and_a_weaker_one_is_told_so():
    bench = Bench()
    bench.node.joined = True
    bench.say(wire.Override(command_id=1, action=1, level_percent=90, rank=3, override_id=1))
    bench.say(wire.Override(command_id=2, action=1, level_percent=10, rank=0, override_id=2))
    assert bench.last(wire.Ack).status == wire.ACK_WEAKER
    bench.run(3)
    assert bench.level == 90
    bench.say(wire.Override(command_id=3, action=0, override_id=1))
    bench.run(3)
    assert bench.level == 10


def test_a_repeated_command_changes_nothing_and_is_answered():
    bench = Bench()
    command = wire.Override(command_id=1, action=1, level_percent=25, override_id=9)
    bench.say(command)
    bench.say(wire.Override(command_id=2, action=0))
    bench.say(command)
    bench.run(3)
    assert bench.reason == "program"
    answers = [m.command_id for m in bench.sent if isinstance(m, wire.Ack)]
    assert answers == [1, 2, 1]


def test_an_override_that_is_over_is_refused_as_expired():
    bench = Bench()
    bench.say(
        wire.Override(
            command_id=1, action=1, level_percent=5, expiry_day=9821, expiry_second=70000
        )
    )
    assert bench.last(wire.Ack).status == wire.ACK_EXPIRED


def test_a_dim_level_is_lifted_to_the_floor_and_dark_stays_dark():
    bench = Bench()
    bench.say(wire.Override(command_id=1, action=1, level_percent=2))
    bench.run(3)
    assert (bench.level, bench.reason) == (5, "floor")
    bench.say(wire.Override(command_id=2, action=1, level_percent=0))
    bench.run(3)
    assert bench.level == 0


def test_a_dead_lamp_is_an_event_once_and_its_repair_another():
    bench = Bench()
    bench.run(2, good_power)
    bench.run(10, lambda level: 300)
    events = [a for kind, a, _ in bench.done if kind == STORE_EVENT]
    assert [(e.started, e.number) for e in events] == [(wire.STARTED, 10)]
    bench.run(10, good_power)
    events = [a for kind, a, _ in bench.done if kind == STORE_EVENT]
    assert [(e.started, e.number) for e in events] == [(wire.STARTED, 10), (wire.ENDED, 11)]


def test_a_short_dip_of_power_is_no_event():
    bench = Bench()
    bench.run(2, good_power)
    bench.run(2, lambda level: 0)
    bench.run(5, good_power)
    assert STORE_EVENT not in bench.kinds()


def test_an_event_is_stored_before_anything_of_it_is_sent():
    bench = Bench()
    bench.node.joined = True
    bench.run(2, good_power)
    bench.done.clear()
    bench.run(6, lambda level: 0)
    bench.run(1, lambda level: 0)
    stored_at = bench.kinds().index(STORE_EVENT)
    sent_at = [
        at for at, (kind, a, _) in enumerate(bench.done)
        if kind == SEND and isinstance(a, wire.Event)
    ]  # fmt: skip
    assert sent_at and stored_at < sent_at[0]


def test_an_event_is_repeated_until_it_is_acknowledged():
    bench = Bench()
    bench.node.joined = True
    bench.run(2, good_power)
    bench.run(10, lambda level: 0)
    events = [m for m in bench.sent if isinstance(m, wire.Event)]
    assert len(events) > 2
    event = events[0]
    bench.say(wire.EventAck(boot_count=event.boot_count, number=event.number))
    assert (FORGET_EVENT, event.boot_count, event.number) in bench.done
    before = len(bench.sent)
    bench.run(30, lambda level: 0)
    assert not [m for m in bench.sent[before:] if isinstance(m, wire.Event)]


def test_no_more_events_are_under_way_than_the_window():
    bench = Bench()
    happenings = bench.node.happenings
    for _ in range(WINDOW + 3):
        happenings.happen(2, 1, 0, bench.now)
    bench.drain()
    assert happenings.room == 0


def test_an_event_without_a_clock_tells_its_uptime_only():
    bench = Bench(clock=False)
    bench.run(7)
    event = bench.node.happenings.happen(2, 1, 0, bench.now)
    assert (event.quality, event.day, event.second, event.uptime_ms) == (0, 0, 0, 7000)


def upload(bench, kind, generation, content, wrong=False):
    """Upload in chunks of 50 bytes; the last status."""
    digest = hashlib.sha256(content).digest()[:8]
    bench.say(wire.UploadBegin(kind=kind, generation=generation, size=len(content), digest=digest))
    for at in range(0, len(content), 50):
        data = content[at : at + 50]
        if wrong:
            data = bytes([data[0] ^ 1]) + data[1:]
        bench.say(wire.UploadChunk(kind=kind, generation=generation, offset=at, data=data))
    return bench.last(wire.UploadState).status


def test_an_uploaded_schedule_is_followed_and_stored():
    bench = Bench(stored=stored_of(b""))
    bench.run(2)
    assert bench.reason == "default"
    status = upload(bench, wire.UPLOAD_SCHEDULE, 2, TABLE)
    assert status == wire.UPLOAD_STORED
    assert (STORE_UPLOAD, wire.UPLOAD_SCHEDULE, (2, TABLE)) in bench.done
    bench.run(2)
    assert bench.reason == "program"


def test_a_wrong_upload_changes_nothing():
    bench = Bench()
    assert upload(bench, wire.UPLOAD_SCHEDULE, 2, TABLE, wrong=True) == wire.UPLOAD_BAD_DIGEST
    assert upload(bench, wire.UPLOAD_SCHEDULE, 2, b"\x01\x00\x00\xff") == wire.UPLOAD_BAD_CONTENT
    assert upload(bench, wire.UPLOAD_CONFIGURATION, 2, b"\x01\x00") == wire.UPLOAD_BAD_CONTENT
    assert STORE_UPLOAD not in bench.kinds()
    bench.run(2)
    assert bench.reason == "program"


def test_a_cut_upload_goes_on_where_it_was():
    bench = Bench()
    digest = hashlib.sha256(TABLE).digest()[:8]
    begin = wire.UploadBegin(kind=1, generation=2, size=len(TABLE), digest=digest)
    bench.say(begin)
    bench.say(wire.UploadChunk(kind=1, generation=2, offset=0, data=TABLE[:10]))
    bench.say(begin)
    assert bench.last(wire.UploadState).have_bytes == 10
    bench.say(wire.UploadChunk(kind=1, generation=2, offset=10, data=TABLE[10:]))
    assert bench.last(wire.UploadState).status == wire.UPLOAD_STORED


def test_a_state_is_told_at_each_heartbeat_and_at_each_change():
    bench = Bench()
    bench.node.entered(bench.now, bench.readings)
    bench.run(125, good_power)
    beats = [m for m in bench.sent if isinstance(m, wire.LampState)]
    assert 3 <= len(beats) <= 4
    bench.readings.present = True
    bench.run(1, good_power)
    assert bench.last(wire.LampState).presence == 1


def test_a_node_that_has_left_says_nothing():
    bench = Bench()
    bench.node.entered(bench.now, bench.readings)
    bench.drain()
    bench.node.left()
    bench.sent.clear()
    bench.run(130, good_power)
    assert not bench.sent


def test_a_reset_is_acknowledged_first_and_then_done():
    bench = Bench()
    bench.say(wire.Reset(command_id=5, action=wire.RESET_ALL))
    ack = bench.last(wire.Ack)
    assert (ack.command_id, ack.status) == (5, wire.ACK_DONE)
    assert bench.kinds()[-2:] == [SEND, RESTART]
    assert bench.done[-1] == (RESTART, wire.RESET_ALL, None)


def test_what_a_driver_holds_is_asked_for_at_a_join_when_asked_and_once_a_day():
    bench = Bench()
    told = [0, 0, 60000, 0, 2300, 254, -1, 1, -1, 0, 0]
    bench.readings.driver = told
    bench.run(1)
    assert told[9] == 0
    bench.node.entered(bench.now, bench.readings)
    bench.drain()
    assert told[9] == 1
    told[9] = b"\xcf\x04\x03\x64\x87\x32"
    bench.run(1)
    (data,) = [m for m in bench.sent if isinstance(m, wire.DriverData)]
    assert (data.banks, data.day, data.quality) == (b"\xcf\x04\x03\x64\x87\x32", 9821, 2)
    assert told[9] == 0, "once"
    bench.say(wire.Ask(command_id=7))
    assert told[9] == 1
    told[9] = 0
    bench.now.uptime_ms += 86400 * 1000
    bench.run(1)
    assert told[9] == 1
    told[9] = 0
    bench.run(60)
    assert told[9] == 0
