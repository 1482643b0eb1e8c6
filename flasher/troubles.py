"""What goes wrong between a laptop and a board: how each fault is seen, and what a person does.

One table. `seen` is looked for in the words of the tool that failed, or of the board itself, in
lower case; the first row that matches speaks. Whatever matches nothing keeps its own words.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

SILENT = "silent console"
FAILED, USAGE, MISSING, REFUSED, INTERRUPTED = 1, 2, 3, 4, 130


class FlashError(Exception):
    """Flashing failed; the text says what to do. `code` is the exit code, `name` the row's."""

    def __init__(self, text: str, code: int = FAILED, name: str = "other") -> None:
        super().__init__(text)
        self.code = code
        self.name = name


@dataclass(frozen=True)
class Trouble:
    """One row. `again`: trying once more by itself may help, without anybody at the board."""

    name: str
    seen: str
    advice: str
    code: int = FAILED
    again: bool = False


TROUBLES = (
    Trouble(
        "not provisioned",
        r"not provisioned",
        "The board has no identity, or cannot read it. Run `flash.py node` on it again.",
    ),
    Trouble(
        "permission",
        r"permission denied|errno 13|access is denied",
        "You may not open this port. Add yourself to its group, usually "
        "`sudo usermod -aG dialout $USER`, and log in again.",
        REFUSED,
    ),
    Trouble(
        "port in use",
        r"could not exclusively lock|resource busy|errno 16\b|errno 11\b|port is busy|in use|"
        r"does not seem to support rfc2217",
        "Another program has this port open. Close its monitor or terminal, then try again.",
        MISSING,
    ),
    Trouble(
        "no port",
        r"no such file or directory|errno 2\b|could not open port|filenotfound|"
        r"connection refused|errno 111",
        "There is no such port. Plug the board in; `flash.py list` shows what is there.",
        MISSING,
    ),
    Trouble(
        "brown-out",
        r"brownout detector|brown.?out",
        "The board's supply broke down while it worked. Use a short cable and a powered hub or "
        "a port of the laptop itself, take off what else the board feeds, then flash it again.",
    ),
    Trouble(
        "wrong boot mode",
        r"wrong boot mode detected|boot:0x13|boot:0x8\b|boot:0xc\b|spi_fast_flash_boot",
        "The board started its program instead of waiting. Hold BOOT (IO0), press EN (RST) "
        "once, let BOOT go, then try again. If that is always needed, the cable or adapter "
        "does not carry DTR and RTS.",
        MISSING,
    ),
    Trouble(
        "cable without data",
        r"no serial data received",
        "Nothing comes from this port. The cable may be one for charging only: take one with "
        "data lines. Look whether the board's light is on; then hold BOOT and press EN.",
        MISSING,
    ),
    Trouble(
        "wrong chip",
        r"unexpected chip id|is not an? esp|wrong chip|not match the chip|chip type",
        "This image is for another chip. `flash.py image list` shows images and their chips.",
        REFUSED,
    ),
    Trouble(
        "small flash",
        r"flash is too small|will not fit|doesn't fit|exceeds .*flash size|larger than flash|"
        r"too small flash",
        "The board's flash is smaller than the image needs. Take a board with the flash that "
        "`flash.py image list` shows for this image.",
        REFUSED,
    ),
    Trouble(
        "no ROMFS",
        r"no romfs",
        "This MicroPython has no partition `romfs`, so it cannot run our application. Build "
        "the board definition in firmware/port/LAMPLIGHTER_ESP32, or `image use` another one.",
        REFUSED,
    ),
    Trouble(
        "bad flash",
        r"md5 of file does not match|digest mismatch|flash region is empty|written.*otherwise",
        "What was written does not read back: a bad sector, or a disturbed line. Try once more "
        "with `--baud 115200`; if it fails at the same place, put the board aside as broken.",
        again=True,
    ),
    Trouble(
        "unplugged",
        r"connection failed|device disconnected|errno 5\b|errno 6\b|errno 19|errno 104|errno 32|"
        r"device reports readiness|readiness to read but returned no data|reader thread died|"
        r"port that is not open|socket error|multiple access on port|not open",
        "The board went away while it worked. Plug it in again and run the same command: it "
        "begins this board anew, and nothing half-done counts.",
        MISSING,
        again=True,
    ),
    Trouble(
        "disturbed line",
        r"invalid head of packet|no more data to read|possible serial noise|"
        r"packet content transfer stopped|"
        r"timed out waiting for packet|corrupt data|checksum error|invalid slip|"
        r"serial data stream stopped|incorrect packet|failed to write|inflate|"
        r"the chip stopped responding|not in sync|failed with error|result was|md5sum command",
        "The line is disturbed. Use a shorter cable, another port, or `--baud 115200`; lay the "
        "board away from lamps' drivers.",
        again=True,
    ),
    Trouble(
        "not answering",
        r"failed to connect|invalid response|no answer",
        "The board does not answer. Hold BOOT, press EN once, let BOOT go, and try again. Else "
        "try another cable, another port, then another board.",
        MISSING,
    ),
    Trouble(
        "nothing on it",
        r"console says nothing.*invalid header",
        "There is nothing on this board that boots. Run `flash.py node` with it.",
    ),
    Trouble(
        "torn image",
        r"console says nothing.*(not bootable|no bootable|image corrupted|verification failed)",
        "The board's boot loader finds no whole program. Run `flash.py node` on it again; if it "
        "stays, fetch the image again (`flash.py image fetch`).",
    ),
    Trouble(
        SILENT,
        r"console says nothing",
        "The firmware was written and verified but its console does not answer. Press EN once "
        "and run `flash.py check`; `flash.py monitor` shows what it says.",
    ),
)  # fmt: skip


def of(words: str) -> Trouble | None:
    """The row that these words of a tool or of a board belong to."""
    low = words.lower()
    return next((row for row in TROUBLES if re.search(row.seen, low)), None)


def told(words: str) -> FlashError:
    """The error to raise for what a tool or a board said."""
    row = of(words)
    first = " ".join(words.split())[:200]
    if row is None:
        return FlashError(f"{first}. Try again; if it stays, run with --json and keep the output.")
    return FlashError(f"{row.advice} ({first})", row.code, row.name)
