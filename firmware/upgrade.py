"""An update as the running image sees it: its messages go to installer.py, its answers up.

installer.py is loaded for an update or for a trial only, for this stays in memory. It takes and
returns plain data: the linker gives names of ours others in here.
"""

import struct
import sys

from protocol import wire

from . import boot
from .cold import load
from .effects import DUTY
from .node import FIRMWARE_VERSION

_INSTALLER = "firmware.installer"  # As text: an import statement's names stay in memory.
_TRIAL = wire.FIRMWARE_NAMES.index("trial")
_BUSY = wire.FIRMWARE_NAMES.index("busy")


class Upgrade:
    """`shell` has clock, node, link, effects and perform.

    `duty` and `level` are what the brain last asked of the lamp, -1: nothing yet.
    """

    def __init__(self, shell: object) -> None:
        self._shell = shell
        self._work = None
        self.duty = self.level = -1
        self._lamp = getattr(shell.node.channel, "lamp", None)
        if len(boot.left) == 10:  # A planned restart: the lamp goes on with its plan at once.
            _, level_c, day, second = struct.unpack("<HHHI", boot.left)
            if day:
                shell.clock.set(day, second, 0, wire.TIME_ESTIMATED)
            if self._lamp:
                self._lamp.resume(level_c)
        if boot.trial:
            asked = (shell.effects.add, shell.perform, self._said)
            self._begin(load(_INSTALLER).run(boot, DUTY, asked))

    def _begin(self, work: object) -> None:
        self._work = work
        work.send(None)

    def _said(self) -> tuple[int, int, int, int, int]:
        now = self._shell.clock.now
        light_c = self._lamp.level_c if self._lamp else 0
        return self.duty, self.level, light_c, now.day, now.second

    def tick(self) -> None:
        """A slice of the work."""
        if self._work:
            self._step(self._shell.node.joined)

    def message(self, message: wire.Message) -> None:
        """FirmwareBegin or FirmwareChunk."""
        if isinstance(message, wire.FirmwareChunk):
            got = (message.version, message.offset, message.data)
        else:
            got = (message.version, -1, message.header)
            if not self._work:
                update = load(_INSTALLER).update
                self._begin(update(boot, FIRMWARE_VERSION, self._said))
        if self._work:
            self._step(got)
        else:
            self.tell()

    def _step(self, got: object) -> None:
        try:
            told = self._work.send(got)
        except MemoryError:  # The lamp comes first; the controller begins again.
            told = (_BUSY, 0, 0, True)
        if told:
            self.tell(told[0], told[1], told[2])
            if told[3]:  # That was the last step.
                self._work = None
                for name in ("record", "slots"):
                    sys.modules.pop(name, None)

    def tell(self, status: int = 0, version: int = 0, have: int = 0) -> None:
        """Say what runs and how far an update is."""
        if boot.trial:
            status = _TRIAL
        self._shell.link.send(
            wire.FirmwareState(
                running_version=FIRMWARE_VERSION, version=version, have_bytes=have, status=status,
                slot=boot.slot, failed_version=boot.failed,
            )
        )  # fmt: skip
