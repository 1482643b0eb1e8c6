"""The board at the end of the wire: straps, boot text, boot ROM or application.

States: HELD in reset; DOWNLOAD, where the boot ROM answers; RUNNING, where an application has the
line; LOADED, where code in RAM runs, of which nobody here knows what it does; STUCK, where the
boot loader finds nothing to boot and says so again and again; GONE, when it was unplugged.

The modem lines work the straps as on a development board: (DTR, RTS) = (0, 1) holds the chip in
reset, RTS low after that lets it go, into the ROM's download if DTR is 1. (1, 1) changes nothing,
for then both transistors block. Effects are what the shell around must do.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from .bootrom import BootRom, Outcome
from .chips import Chip
from .crypt import Cipher
from .efuses import Efuses
from .faults import Fault, Line, garble
from .flash import Flash
from .image import Installed, NotBootable, installed
from .memory import Memory
from .security import Security
from .slip import Decoder, encode

HELD, DOWNLOAD, RUNNING, LOADED, STUCK, GONE = (
    "held", "download", "running", "loaded", "stuck", "gone",
)  # fmt: skip
CONSOLE_BAUD = 115200
_BAUD_TOLERANCE = 0.03
_AGAIN_MS = 300  # Between two complaints of a boot loader that finds nothing.
_POWER_ON, _BY_SOFTWARE, _BROWN_OUT = "power", "software", "brown-out"
_CAUSES = {
    _POWER_ON: ("0x1 (POWERON_RESET)", "0x1 (POWERON)"),
    _BY_SOFTWARE: ("0xc (SW_CPU_RESET)", "0x3 (RTC_SW_SYS_RST)"),
    _BROWN_OUT: ("0xf (RTCWDT_BROWN_OUT_RESET)", "0xf (BROWN_OUT_RST)"),
}


@dataclass(frozen=True)
class Send:
    """Bytes to the host."""

    data: bytes


@dataclass(frozen=True)
class Start:
    """Run the application; `cipher`: how its encrypted partitions lie in flash."""

    what: Installed
    cipher: Cipher | None = None


@dataclass(frozen=True)
class Stop:
    """The application is no more."""


@dataclass(frozen=True)
class Input:
    """Bytes to the application's console."""

    data: bytes


@dataclass(frozen=True)
class Unplug:
    """The port goes away."""


Effect = Send | Start | Stop | Input | Unplug


class Board:
    """One board. `host_baud` is what the host's port is set to; None: it always agrees."""

    def __init__(
        self, chip: Chip, flash: Flash, efuses: Efuses, entries: frozenset[int],
        faults: tuple[Fault, ...], line: Line,
    ) -> None:  # fmt: skip
        self._chip = chip
        self._flash = flash
        self._efuses = efuses
        self._entries = entries
        self._line = line
        self._strapped = any(f.kind == "wrong-strap" for f in faults)
        self._strikes = sorted(
            (f.number, f.kind) for f in faults if f.kind in ("unplug-at", "brownout-at")
        )
        self._taken = 0
        self._lines = (False, False)
        self._decoder = Decoder()
        self._effects: list[Effect] = []
        self._complaint = ""
        self._again_ms: int | None = None
        self._rom = self._fresh_rom()
        self.state = HELD
        self.baud = CONSOLE_BAUD
        self.host_baud: int | None = None

    def power_on(self, *, button: bool = False) -> list[Effect]:
        """The board gets its supply; with the boot button held it goes to download."""

        def do() -> None:
            self._lines = (button, False)
            self._reset(_POWER_ON)
            self._lines = (False, False)

        return self._doing(do)

    def lines(self, dtr: bool, rts: bool) -> list[Effect]:
        """The host has set its modem lines."""

        def do() -> None:
            self._lines = (dtr, rts)
            if self.state == GONE:
                return
            if (dtr, rts) == (False, True) and self.state != HELD:
                self._leave()
                self.state = HELD
            elif self.state == HELD and not rts:
                self._reset(_POWER_ON)

        return self._doing(do)

    def received(self, data: bytes) -> list[Effect]:
        """Bytes from the host; faults that are due strike between two of them."""

        def do() -> None:
            rest = data
            while self._strikes and self._taken + len(rest) >= self._strikes[0][0]:
                at, kind = self._strikes.pop(0)
                before = max(0, at - self._taken)
                self._take(rest[:before])
                rest = rest[before:]
                self._strike(kind)
            self._take(rest)

        return self._doing(do)

    def said(self, data: bytes) -> list[Effect]:
        """The application has written to its console."""
        return self._doing(lambda: self._send(data) if self.state == RUNNING else None)

    def ended(self) -> list[Effect]:
        """The application has reset the chip."""
        return self._doing(lambda: self._reset(_BY_SOFTWARE) if self.state == RUNNING else None)

    def tick(self, now_ms: int) -> list[Effect]:
        """Time passes; the boot loader complains again when it is due."""

        def do() -> None:
            if self.state != STUCK:
                self._again_ms = None
            elif self._again_ms is None or now_ms >= self._again_ms:
                if self._again_ms is not None:
                    self._send(self._complaint.encode() + b"\r\n")
                self._again_ms = now_ms + _AGAIN_MS

        return self._doing(do)

    def _doing(self, do: Callable[[], None]) -> list[Effect]:
        self._effects = []
        do()
        return self._effects

    def _fresh_rom(self) -> BootRom:
        memory = Memory(self._chip, self._flash, self._efuses)
        return BootRom(self._chip, self._flash, memory, self._entries)

    def _leave(self) -> None:
        if self.state == RUNNING:
            self._effects.append(Stop())

    def _reset(self, cause: str) -> None:
        """Sample the straps and boot."""
        self._leave()
        if self._lines == (True, False) and not self._strapped:
            self._enter_download(cause)
        else:
            self.baud = CONSOLE_BAUD
            self._send(self._boot_text(cause, download=False))
            self._boot()

    def _enter_download(self, cause: str) -> None:
        self.baud = CONSOLE_BAUD
        self._send(self._boot_text(cause, download=True))
        self.state = DOWNLOAD
        self._rom = self._fresh_rom()
        self._decoder.reset()

    def _boot(self) -> None:
        self.baud = CONSOLE_BAUD
        try:
            security = Security(self._chip, self._efuses)
            found = installed(self._chip, self._flash, security)
        except NotBootable as reason:
            self.state, self._complaint = STUCK, str(reason)
            self._send(self._complaint.encode() + b"\r\n")
            return
        self.state = RUNNING
        self._send(_LOADING)
        self._effects.append(Start(found, security.cipher))

    def _boot_text(self, cause: str, *, download: bool) -> bytes:
        chip = self._chip
        mode = chip.boot_modes[download]
        reset = _CAUSES[cause][chip.security_info]
        if chip.security_info:
            head = f"ESP-ROM:{chip.name}\r\nBuild:{chip.built}\r\n"
            names = ("SPI_FAST_FLASH_BOOT", "DOWNLOAD(USB/UART0)")
        else:
            head = f"ets {chip.built}\r\n\r\n"
            names = ("SPI_FAST_FLASH_BOOT", "DOWNLOAD_BOOT(UART0/UART1/SDIO_REI_REO_V2)")
        text = f"{head}rst:{reset},boot:{mode:#x} ({names[download]})\r\n"
        return (text + ("waiting for download\r\n" if download else "")).encode()

    def _send(self, data: bytes) -> None:
        if self._differs():
            data = garble(data)
        data = self._line.through(data)
        if data:
            self._effects.append(Send(data))

    def _differs(self) -> bool:
        host = self.host_baud
        return host is not None and abs(host - self.baud) > self.baud * _BAUD_TOLERANCE

    def _take(self, data: bytes) -> None:
        self._taken += len(data)
        data = self._line.through(data)
        if not data:
            return
        if self.state == DOWNLOAD:
            self._download(data)
        elif self.state == RUNNING:
            self._effects.append(Input(garble(data) if self._differs() else data))

    def _download(self, data: bytes) -> None:
        # The ROM measures the rate of the first SYNC and takes it for its own.
        if not self._rom.synced and self.host_baud is not None:
            self.baud = self.host_baud
        if self._differs():
            data = garble(data)
        for packet in self._decoder.feed(data):
            self._rom.memory.baud = self.baud
            outcome = self._rom.request(packet)
            if self._efuses.struck:
                self._strike("unplug-at")
                return
            for answer in outcome.answers:
                self._send(encode(answer))
            self._follow(outcome)
            if self.state != DOWNLOAD:
                return

    def _follow(self, outcome: Outcome) -> None:
        if outcome.baud is not None:
            self.baud = outcome.baud
        if outcome.reset:
            self._enter_download(_BY_SOFTWARE)  # Straps are latched: software resets keep them.
        elif outcome.leave:
            self._boot()
        elif outcome.run is not None:
            self.state = LOADED

    def _strike(self, kind: str) -> None:
        if kind == "unplug-at":
            self._leave()
            self.state = GONE
            self._effects.append(Unplug())
            return
        self._lines = (False, False)
        self.baud = CONSOLE_BAUD
        self._send(b"\r\nBrownout detector was triggered\r\n\r\n")
        self._reset(_BROWN_OUT)


_LOADING = (
    b"configsip: 0, SPIWP:0xee\r\nclk_drv:0x00,q_drv:0x00,d_drv:0x00,cs0_drv:0x00,hd_drv:0x00,"
    b"wp_drv:0x00\r\nmode:DIO, clock div:2\r\n"
)
