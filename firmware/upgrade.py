"""An update as the running image sees it: its messages, its trial, its restart.

What is seldom needed is in installer.py, which is loaded for an update only. An image on trial
commits after it has joined the controller and shown that it drives its output; boot.py takes it
back otherwise.
"""

import struct
import sys

import slots

from protocol import wire

from . import boot
from .effects import DUTY
from .node import FIRMWARE_VERSION

_TRIAL = wire.FIRMWARE_NAMES.index("trial")
_READY = wire.FIRMWARE_NAMES.index("ready")
_FORM = wire.FIRMWARE_NAMES.index("form")
_PROVE_TICKS = 50  # So long it must stay joined.
_RESTART_TICKS = 10  # Until the last state is away.
_IDLE_TICKS = 3000  # Without a chunk the memory is given back.
_STEP = 512  # Of a duty: seen by the output's register, not by an eye.


class Upgrade:
    """`shell` has clock, node, link, effects and perform.

    `duty` and `level` are what the brain last asked of the lamp, -1: nothing yet.
    """

    def __init__(self, shell: object) -> None:
        self._shell = shell
        self._work = None
        self._version = 0
        self._ticks = 0
        self.duty = self.level = -1
        self._trial = boot.slot != boot.load()[1]
        rest = boot.left[2:]
        if len(rest) == 6:  # A planned restart: the lamp goes on with its plan at once.
            day, second = struct.unpack("<HI", rest)
            shell.clock.set(day, second, 0, wire.TIME_ESTIMATED)

    def tick(self) -> None:
        """A slice of an update's work; on trial, a look whether all is well."""
        self._ticks += 1
        if self._trial:
            self._prove()
        elif self._work:
            if self._version < 0:
                if self._ticks > _RESTART_TICKS:
                    self._restart()
            elif self._ticks > _IDLE_TICKS:
                self._drop()
            else:
                self._step(None)

    def _prove(self) -> None:
        """Commit once the session stood for a while and the output does what it is told."""
        shell = self._shell
        if not shell.node.joined:
            self._ticks = 0
        elif self._ticks > _PROVE_TICKS and (self.duty < 0 or self._obeys()):
            boot.healthy()
            self._trial = False
            self.tell(0, 0)

    def _obeys(self) -> bool:
        """Whether the output follows the brain: a step too small to see, there and back."""
        seen = []
        for duty in (self.duty ^ _STEP, self.duty):
            self._shell.effects.add(DUTY, duty, self.level)
            self._shell.perform()
            seen.append(boot.lamp.duty_u16())
        return seen[0] != seen[1]

    def message(self, message: wire.Message) -> None:
        """FirmwareBegin or FirmwareChunk."""
        if isinstance(message, wire.FirmwareChunk):
            if self._work and message.version == self._version:
                self._ticks = 0
                self._step((message.offset, message.data))
            else:
                self.tell(0, 0)
        elif self._trial or self._version < 0:
            self.tell(_TRIAL if self._trial else _READY, 0)
        else:
            self._drop()
            from .installer import install

            self._version = message.version
            self._ticks = 0
            self._work = install(
                message.header, FIRMWARE_VERSION, 1 - boot.slot,
                (boot.load, boot.save), (slots.memory, slots.write),
            )  # fmt: skip
            self._step(None)

    def _step(self, got: object) -> None:
        status, have = self._work.send(got)
        if status > 1:
            self.tell(status, have)
        if status == _READY:
            self._version, self._ticks = -1, 0
        elif status >= _FORM:
            self._drop()

    def _drop(self) -> None:
        """Let go of what an update needs."""
        self._work = None
        self._version = 0
        sys.modules.pop("firmware.installer", None)

    def _restart(self) -> None:
        now = self._shell.clock.read()
        rest = struct.pack("<HI", now.day, now.second) if now.quality else b""
        boot.restart(boot.lamp.duty_u16(), rest)

    def tell(self, status: int, have: int) -> None:
        """Say what runs and how far an update is."""
        self._shell.link.send(
            wire.FirmwareState(
                running_version=FIRMWARE_VERSION, version=max(0, self._version), have_bytes=have,
                status=_TRIAL if self._trial else status, slot=boot.slot,
                failed_version=boot.load()[5],
            )
        )  # fmt: skip
