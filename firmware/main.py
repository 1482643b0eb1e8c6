"""Wiring of a node, its loop and its only supervisor.

The lamp is lit before this file is imported (boot.py). Here: read settings and flash, build the
node, then one loop: tick it ten times a second, and give the time between to the link. Whatever
escapes is printed, the lamp is lit, and the node starts again.
"""

import sys
import time

import machine

from protocol import wire

from . import boot
from .clock import Clock
from .cold import load
from .effects import (
    DUTY,
    FORGET_EVENT,
    NEAR,
    RELAY,
    RENEW,
    RESTART,
    SEND,
    STORE_EVENT,
    STORE_MEMORY,
    STORE_UPLOAD,
    Effects,
)
from .flash_io import EventLog, Slot, digest
from .happenings import event_of, record_of
from .link_io import Link
from .node import FIRMWARE_VERSION, Node, Stored
from .now import Now
from .readings import Readings
from .renewal import CAME, JOINED, START, TICK
from .settings import Settings, SettingsError, read
from .upgrade import Upgrade

_TICK_MS = 100
_STEP_MS = 20  # Of a ramp: fifty a second are not seen as steps.
_HEAP_EVERY_S = 600
_BATTERY = "firmware.drivers.ds3231"  # By text: names of an import statement stay in memory.
_NOT_TOLD_S = 3  # An error by which the battery-backed clock is not set.
_RESTART_MS = 1000
_FULL_DUTY = 65535
# By text of more than ten characters: names of an import statement stay in memory for ever.
_CONSOLE = "firmware.console"
_RENEW = "firmware.renew"
_BY_HAND_RANK = wire.RANK_NAMES.index("maintenance")
_BY_HAND_ID = 0x434F4E53  # The console's own override, whoever else has one.
_NUMBERS_PER_BOOT = 1  # A new boot goes on counting after the last number in flash.


class Shell:
    """Flash, board and link around the node's core."""

    def __init__(self, settings: Settings, board: object, channel_of: object) -> None:
        self.board = board
        self.time_slot = Slot("time")
        self.clock = Clock(self.time_slot.load())
        self.effects = Effects()
        self.readings = Readings()
        self.slots = {
            wire.UPLOAD_SCHEDULE: Slot("schedule"),
            wire.UPLOAD_CONFIGURATION: Slot("configuration"),
        }
        self.memory_slot = Slot("memory")
        self.log = EventLog()
        stored = self._stored()
        self.node = Node(channel_of, stored, self.effects)
        if board.relay_s is not None:
            self.node.channel.lamp.relay_s = board.relay_s
        self._correct()
        if self.node.configuration is not None:
            self.clock.keeper.started(self.clock.read(), self.node.configuration)
        self.link = Link(settings, self)
        self._renewing = None  # renew.py, as long as something is not proved.
        if settings.unproved:
            self.renew(START, settings.unproved)
        self.upgrade = Upgrade(self)
        self._console = None
        self._heap_s = -_HEAP_EVERY_S

    def _stored(self) -> Stored:
        stored = Stored()
        counter = Slot("boots")
        before = counter.load()
        count = int.from_bytes(before[:4], "little") + 1 if before else 1
        number = int.from_bytes(before[4:8], "little") if before else 0
        stored.boot_count = count
        stored.next_event = max(number, self.log.last_number) + _NUMBERS_PER_BOOT
        counter.save(count.to_bytes(4, "little") + stored.next_event.to_bytes(4, "little"), count)
        for kind in self.slots:
            slot = self.slots[kind]
            content = slot.load()
            held = (slot.generation, digest(content), content)
            if kind == wire.UPLOAD_SCHEDULE:
                stored.schedule = held
            else:
                stored.configuration = held
        stored.memory = self.memory_slot.load()
        stored.reset_cause = self.board.reset_cause()
        return stored

    def _correct(self) -> None:
        """An event written just before a power cut is newer than the channel's memory."""
        last = self.log.last_record()
        if last:
            event = event_of(last)
            if event.boot_count + 1 == self.node.stored.boot_count:
                self.node.channel.correct(event)

    def tick(self) -> None:
        """One turn of the loop."""
        now = self.clock.read()
        readings = self.readings
        self.board.read(readings)
        keeper = self.clock.keeper
        readings.clock_error_s, readings.drift_ppm = keeper.error_s(now), keeper.drift_ppm
        readings.events_waiting = self.log.waiting
        readings.events_lost = self.log.lost
        if now.uptime_s - self._heap_s >= _HEAP_EVERY_S:
            self._heap_s = now.uptime_s
            self.board.heap(readings)
            keeper.tick(now)
            if self.board.clock_bus is not None:
                self._keep_battery(now)
            if keeper.changed:
                self.time_slot.save(keeper.memory(), self.time_slot.generation + 1)
        self.node.tick(now, readings)
        self.perform()
        self.renew(TICK, self.node.joined, now.uptime_s)
        self.upgrade.tick()
        if self._console:
            self.typed()
        self.board.feed_watchdog()

    def _keep_battery(self, now: Now) -> None:
        """Set the battery-backed clock by a good time, or take its time where ours is worse."""
        keeper = self.clock.keeper
        error_s = keeper.error_s(now)
        if now.quality != wire.TIME_SYNCHRONISED:
            error_s = max(error_s, _NOT_TOLD_S)
        keep = load(_BATTERY).keep
        told = keep(self.board.clock_bus, now.day, now.second, error_s)
        if told:
            keeper.set_day = told[2]
            self.clock.set(told[0], told[1], 0, wire.TIME_RTC, self.node.configuration)

    def work(self) -> None:
        """The time until the next tick is the link's; a ramp takes a step in between."""
        left_ms = self.board.pass_ms
        while self.node.channel.ramping and left_ms > _STEP_MS:
            self.link.work(_STEP_MS)
            left_ms -= _STEP_MS
            channel = self.node.channel
            channel.move(self.clock.read(), self.readings)  # type: ignore[union-attr] # lamps ramp
            self.perform()
        self.link.work(left_ms)

    def message(self, message: wire.Message) -> None:
        """A message from the controller."""
        if message.TYPE in (wire.FIRMWARE_BEGIN, wire.FIRMWARE_CHUNK):
            self.upgrade.message(message)
            return
        self.node.message(message, self.clock.read(), self.readings)
        self.perform()

    def entered(self) -> None:
        """The node has joined."""
        self.node.entered(self.clock.read(), self.readings)
        self.perform()
        self.renew(JOINED)
        self.upgrade.tell(0, 0)

    def renew(self, what: int, a: object = 0, b: object = 0) -> int:
        """Tell renew.py what happened (renewal.py); for which values the old one is used now.

        CAME: a is the UploadState that answers, b the content. START: a is what is not proved.
        """
        told, work = None, self._renewing
        try:
            if what <= CAME and work is None:
                boot_count = self.node.stored.boot_count
                work = load(_RENEW).run(a if what == START else 0, boot_count)
                told = next(work)
            if what == CAME:
                told = work.send((what, b, a.generation))
                a.status = wire.UPLOAD_BAD_CONTENT if told is None else wire.UPLOAD_NONE
                if told and told[4]:  # Else a part has to wait: it is told again.
                    a.status = wire.UPLOAD_STORED if told[0] else wire.UPLOAD_PROVED
            elif what == START:
                self._renewing = work
            elif work is not None:
                told = work.send((what, a, b))
        except MemoryError:  # The lamp comes first; the controller begins again.
            told = None
            if what == CAME:
                a.status = wire.UPLOAD_NONE
        if what == CAME:
            self.link.send(a)  # Under the key that brought it.
        if not told:
            return 0
        self.link.use(told[2], told[3], told[5])
        self._renewing = work if told[0] else None
        return told[1]

    def typed(self) -> bool:
        """A turn of the console, which is loaded at the first key and leaves when it is left.

        False when nobody can type any more.
        """
        try:
            if self._console is None:
                self._console = load(_CONSOLE).run(self.ask)
            return next(self._console)
        except StopIteration:
            self._console = None
        except MemoryError:  # The lamp comes first.
            if self._console is None:  # A key that nobody takes would be told again at once.
                sys.stdin.buffer.read(1)
            self._console = None
            print("? no memory for an answer now")
        return True

    def ask(self, percent: int, life_s: int) -> "tuple[int, tuple[object, ...]]":
        """The console's way to light by hand (percent; -1: no wish, -2: release) and to facts.

        A status and plain data, as console.py lists them.
        """
        node, now, readings = self.node, self.clock.now, self.readings
        channel = node.channel
        status = 0
        if percent != -1:
            status = channel.override(
                wire.Override(
                    command_id=0, action=wire.RELEASE if percent < 0 else wire.SET,
                    level_percent=max(0, percent), rank=_BY_HAND_RANK, life_s=life_s,
                    override_id=_BY_HAND_ID,
                ),
                now,
            )  # fmt: skip
            self.perform()
        rules, news, channel.rules = channel.rules, channel.news, b""
        why = channel.why(now)
        state = channel.state(now, readings)
        channel.rules, channel.news = rules, news
        told = [
            FIRMWARE_VERSION, boot.slot, boot.trial, boot.failed, state.TYPE,
        ]  # fmt: skip
        wear = node.wear(readings)
        for message in (state, node.hello(now), node.node_state(now, readings), wear):
            body = bytearray(wire.BODY_SIZE_MAX)
            told.append(bytes(body[: wire.pack_body(body, 0, message)]))
        told.append(why.rules if why else b"")
        told += [self.link.told(), channel.expected_mw, 1 if readings.present else 0]
        told += [self.link.trouble, readings.driver]
        return status, told

    def perform(self) -> None:
        """Do what the node asked for, in order; then load events while there is room."""
        self._perform()
        node = self.node
        while node.joined and node.happenings.room and self.log.waiting:
            record = self.log.next_unsent()
            if record is None:
                break
            node.happenings.load(event_of(record), self.clock.now)
            self._perform()

    def _perform(self) -> None:
        effects = self.effects
        at = 0
        while at < effects.count:
            kind, a, b = effects.kinds[at], effects.a[at], effects.b[at]
            at += 1
            if kind == DUTY:
                self.upgrade.duty, self.upgrade.level = a, b
                self.board.set_level(a, b)
            elif kind == NEAR:
                self.link.tell_near(a)
            elif kind == RELAY:
                self.board.set_relay(a)
            elif kind == SEND:
                self.link.send(a)
            elif kind == STORE_EVENT:
                self.log.append(record_of(a))
            elif kind == FORGET_EVENT:
                self.log.forget(a, b)
            elif kind == STORE_MEMORY:
                self.memory_slot.save(a, self.memory_slot.generation + 1)
            elif kind == STORE_UPLOAD:
                self.slots[a].save(b[1], b[0])
            elif kind == RENEW:
                self.renew(CAME, a, b)
            elif kind == RESTART:
                self._restart(a)
        effects.clear()

    def _restart(self, forget: int) -> None:
        """Forget what is asked for and start again, once the acknowledgement is away."""
        for kind in self.slots:
            if forget == wire.RESET_ALL or (
                forget == wire.RESET_CONFIGURATION and kind == wire.UPLOAD_CONFIGURATION
            ):
                self.slots[kind].save(b"", self.slots[kind].generation + 1)
        if forget == wire.RESET_ALL:
            self.memory_slot.save(b"", self.memory_slot.generation + 1)
        for _ in range(_RESTART_MS // _TICK_MS):
            self.link.work(_TICK_MS)
        machine.reset()


def run(board_of: object, channel_of: object) -> None:
    """Run for ever on a board and with a channel of these kinds.

    Whatever goes wrong, the lamp is lit and the node starts again.
    """
    try:
        settings = read()
        shell = Shell(settings, board_of(settings.board, settings.wifi), channel_of)
        settings.board = None  # Read once; its pins would stay in memory.
        while True:
            shell.tick()
            shell.work()
    except SettingsError as error:
        print("not provisioned:", error)
    except Exception as error:  # noqa: BLE001  # the one supervisor of a node
        sys.print_exception(error)
        boot.ask("crashed")
    _wait_lit()
    machine.reset()


def _wait_lit() -> None:
    """Full light, and a moment, so that a crash loop neither flickers nor burns the flash."""
    boot.lamp.duty_u16(_FULL_DUTY)
    time.sleep_ms(_RESTART_MS)
