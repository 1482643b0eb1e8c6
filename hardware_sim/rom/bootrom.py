"""The serial protocol of the boot ROM and of esptool's flasher stub: packet in, packets out.

States: the ROM answers; after a start of code in RAM at the stub's entry the stub answers
(shorter status, more operations); while flash is being read packets of four bytes acknowledge
what has come, any other packet ends it. Leaving for the application, and a change of the line's
rate, are told as facts of the outcome; whoever holds the line does them after the answers are
sent.

Not in the table of operations: what a chip does not know, which is answered with an error.
Protocol: Espressif's "Serial Protocol" page of the esptool documentation.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Callable
from dataclasses import dataclass, field

from .chips import Chip
from .flash import Flash, FlashError
from .memory import Memory
from .security import Security
from .writing import Stream, StreamError

_HEAD = struct.Struct("<BBHI")
_SEED = 0xEF
_SYNC = b"\x07\x07\x12\x20" + b"\x55" * 32
_SYNC_ANSWERS = 8
_ROM_SYNC_VALUE = 0x20120707
_READ_SIZE_MAX = 64  # Of the ROM's slow read.
_PACKET_MAX = 16 * 1024
_BLOCK_MAX = 16 * 1024
_READER_OF_S3 = 0x3FCEF688  # Where its ROM keeps the address of what reads flash.
_UNDER_WAY_MAX = 64  # Packets of a read that may go without an acknowledgement.

# Reasons in the second byte of the status.
INVALID_MESSAGE = 0x05
FAILED = 0x06
WRONG_CHECKSUM = 0x07
FLASH_WRITE = 0x08
DEFLATE = 0x0B


@dataclass
class Outcome:
    """Packets to send, then what to do: a new rate, code to run, the application, or a reset."""

    answers: list[bytes] = field(default_factory=list)
    baud: int | None = None
    run: int | None = None  # Code in RAM was started here, and it is not the stub.
    leave: bool = False  # The application is to be run.
    reset: bool = False


class Refused(Exception):
    """The operation failed; the reason goes into the status."""

    def __init__(self, reason: int) -> None:
        super().__init__(f"{reason:#04x}")
        self.reason = reason


@dataclass
class _Reading:
    """A read of flash under way: what is left, what was sent and acknowledged."""

    data: bytes
    packet_size: int
    under_way_max: int
    sent: int = 0
    acknowledged: int = 0


class BootRom:
    """One session from a reset to download on; `stub_entries` are starts of esptool's stub."""

    def __init__(
        self, chip: Chip, flash: Flash, memory: Memory, stub_entries: frozenset[int]
    ) -> None:
        self._chip = chip
        self._flash = flash
        self.memory = memory
        self._stub_entries = stub_entries
        self.stub = False
        self.synced = False
        self._attached = False
        self._load_at: int | None = None
        self._load_size = 0
        self._block_size = 0
        self._stream: Stream | None = None
        self._reading: _Reading | None = None
        self._outcome = Outcome()

    def request(self, packet: bytes) -> Outcome:
        """Answer one packet. What is no request is passed over, as line noise is."""
        self._outcome = Outcome()
        if self._reading is not None:
            if len(packet) == 4:
                self._acknowledge(struct.unpack("<I", packet)[0])
                return self._outcome
            self._reading = None
        if len(packet) < _HEAD.size or packet[0] != 0:
            return self._outcome
        _, operation, size, checksum = _HEAD.unpack_from(packet)
        data = packet[_HEAD.size :]
        if len(data) != size:
            return self._outcome
        do = _ROM.get(operation) or (_STUB.get(operation) if self.stub else None)
        secured = Security(self._chip, self.memory.efuses).download_secured
        try:
            if do is None or (secured and operation not in _SECURED):
                raise Refused(INVALID_MESSAGE)
            answer = do(self, data, checksum)
        except Refused as refused:
            self._answer(operation, 0, b"", refused.reason)
        except (FlashError, StreamError) as error:
            reason = DEFLATE if isinstance(error, StreamError) else FLASH_WRITE
            self._answer(operation, 0, b"", reason)
        except struct.error:
            self._answer(operation, 0, b"", INVALID_MESSAGE)
        else:
            if answer is not None:
                self._finish(operation, *answer)
        return self._outcome

    def _finish(self, operation: int, value: int, data: bytes) -> None:
        """Put the answer before what the operation itself had to say."""
        said, self._outcome.answers = self._outcome.answers, []
        self._answer(operation, value, data)
        self._outcome.answers += said

    def _answer(self, operation: int, value: int, data: bytes, reason: int = 0) -> None:
        status = bytes([1 if reason else 0, reason]) + (b"" if self.stub else bytes(2))
        head = _HEAD.pack(1, operation, len(data) + len(status), value & 0xFFFFFFFF)
        self._outcome.answers.append(head + data + status)

    def _sync(self, data: bytes, _: int) -> None:
        if data != _SYNC:
            raise Refused(INVALID_MESSAGE)
        self.synced = True
        for _ in range(_SYNC_ANSWERS):
            self._answer(0x08, 0 if self.stub else _ROM_SYNC_VALUE, b"")

    def _read_reg(self, data: bytes, _: int) -> tuple[int, bytes]:
        (address,) = struct.unpack("<I", data)
        return self.memory.read(address), b""

    def _write_reg(self, data: bytes, _: int) -> tuple[int, bytes]:
        if not data or len(data) % 16:
            raise Refused(INVALID_MESSAGE)
        for address, value, mask, _delay_us in struct.iter_unpack("<IIII", data):
            if mask != 0xFFFFFFFF:
                value = self.memory.read(address) & ~mask | value & mask
            self.memory.write(address, value)
        return 0, b""

    def _mem_begin(self, data: bytes, _: int) -> tuple[int, bytes]:
        size, _blocks, block_size, offset = struct.unpack("<IIII", data)
        if block_size > _BLOCK_MAX:
            raise Refused(INVALID_MESSAGE)
        self._load_at, self._load_size, self._block_size = offset, size, block_size
        return 0, b""

    def _mem_data(self, data: bytes, checksum: int) -> tuple[int, bytes]:
        content, sequence = _block(data, checksum)
        if self._load_at is None or sequence * self._block_size + len(content) > self._load_size:
            raise Refused(FAILED)
        self.memory.load(self._load_at + sequence * self._block_size, content)
        return 0, b""

    def _mem_end(self, data: bytes, _: int) -> tuple[int, bytes] | None:
        stay, entry = struct.unpack("<II", data)
        if self._load_at is None:
            raise Refused(FAILED)
        self._load_at = None
        if stay or self._runs_nothing:
            return 0, b""
        self._answer(0x06, 0, b"")
        self._run(entry)
        return None

    def _run(self, entry: int) -> None:
        if entry in self._stub_entries:
            self.stub = self._attached = True
            self._outcome.answers.append(b"OHAI")
        else:
            self._outcome.run = entry

    @property
    def _runs_nothing(self) -> bool:
        """An S3 with secure boot starts no code that it was sent; esptool goes another way."""
        security = Security(self._chip, self.memory.efuses)
        return self._chip.name == "esp32s3" and security.digests is not None

    def _flash_begin(self, data: bytes, _: int) -> tuple[int, bytes]:
        return self._begin(data, deflated=False)

    def _defl_begin(self, data: bytes, _: int) -> tuple[int, bytes]:
        return self._begin(data, deflated=True)

    def _begin(self, data: bytes, *, deflated: bool) -> tuple[int, bytes]:
        size, _blocks, block_size, offset = struct.unpack_from("<IIII", data)
        # The ESP32's ROM knows no fifth word (encryption); the others want it.
        if len(data) != (20 if self.stub or self._chip.security_info else 16):
            raise Refused(INVALID_MESSAGE)
        if block_size > _BLOCK_MAX:
            raise Refused(INVALID_MESSAGE)
        self._need_flash()
        # The ROM is told whole blocks, of which the last may reach over the flash's end.
        if offset <= self._flash.size < offset + size <= self._flash.size + block_size:
            size = self._flash.size - offset
        self._stream = Stream(
            self._flash, offset, size, deflated=deflated, erased_at_once=not self.stub
        )
        return 0, b""

    def _flash_data(self, data: bytes, checksum: int) -> tuple[int, bytes]:
        content, _sequence = _block(data, checksum)
        if self._stream is None:
            raise Refused(FAILED)
        self._stream.take(content)
        return 0, b""

    def _flash_end(self, data: bytes, _: int) -> tuple[int, bytes]:
        (stay,) = struct.unpack("<I", data)
        self._stream = None
        if not self.stub:
            self._outcome.leave = True  # The ROM runs the application, after a reset or without.
        elif not stay:
            self._outcome.reset = True
        return 0, b""

    def _set_params(self, data: bytes, _: int) -> tuple[int, bytes]:
        struct.unpack("<IIIIII", data)
        return 0, b""

    def _attach(self, data: bytes, _: int) -> tuple[int, bytes]:
        if len(data) not in (4, 8):
            raise Refused(INVALID_MESSAGE)
        self._attached = True
        return 0, b""

    def _read_slow(self, data: bytes, _: int) -> tuple[int, bytes] | None:
        if self.stub:
            raise Refused(INVALID_MESSAGE)
        reader = self.memory.read(_READER_OF_S3) if self._runs_nothing else 0
        if reader:
            self._run(reader)  # It was put in the place of the ROM's own, and answers itself.
            return None
        offset, size = struct.unpack("<II", data)
        if size > _READ_SIZE_MAX:
            raise Refused(0x0A)
        self._need_flash()
        return 0, self._flash.read(offset, size).ljust(_READ_SIZE_MAX, b"\0")

    def _change_baud(self, data: bytes, _: int) -> tuple[int, bytes]:
        baud, _before = struct.unpack("<II", data)
        if not 300 <= baud <= 5_000_000:
            raise Refused(FAILED)
        self._outcome.baud = baud
        return 0, b""

    def _md5(self, data: bytes, _: int) -> tuple[int, bytes]:
        offset, size, _, _ = struct.unpack("<IIII", data)
        self._need_flash()
        digest = hashlib.md5(self._flash.read(offset, size), usedforsecurity=False)
        return 0, digest.digest() if self.stub else digest.hexdigest().encode()

    def _security_info(self, _data: bytes, _: int) -> tuple[int, bytes]:
        if not self._chip.security_info:
            raise Refused(INVALID_MESSAGE)
        flags, crypt_count, purposes = Security(self._chip, self.memory.efuses).told()
        return 0, struct.pack("<IB7sII", flags, crypt_count, purposes, self._chip.chip_id, 0)

    def _erase_flash(self, _data: bytes, _: int) -> tuple[int, bytes]:
        self._flash.erase(0, self._flash.size)
        return 0, b""

    def _erase_region(self, data: bytes, _: int) -> tuple[int, bytes]:
        offset, size = struct.unpack("<II", data)
        if offset % 4096 or size % 4096:
            raise Refused(FAILED)
        self._flash.erase(offset, size)
        return 0, b""

    def _read_flash(self, data: bytes, _: int) -> tuple[int, bytes]:
        offset, size, packet_size, under_way_max = struct.unpack("<IIII", data)
        if not 0 < packet_size <= _PACKET_MAX or not 0 < under_way_max <= _UNDER_WAY_MAX:
            raise Refused(INVALID_MESSAGE)
        self._reading = _Reading(self._flash.read(offset, size), packet_size, under_way_max)
        self._send_read()
        return 0, b""

    def _acknowledge(self, total: int) -> None:
        reading = self._reading
        assert reading is not None
        if not reading.acknowledged < total <= reading.sent:
            return
        reading.acknowledged = total
        self._send_read()

    def _send_read(self) -> None:
        """Send packets as far as acknowledgements allow; after the last one's, the digest."""
        reading = self._reading
        assert reading is not None
        whole = len(reading.data)
        room = reading.under_way_max * reading.packet_size
        while reading.sent < whole and reading.sent - reading.acknowledged < room:
            packet = reading.data[reading.sent : reading.sent + reading.packet_size]
            self._outcome.answers.append(packet)
            reading.sent += len(packet)
        if reading.acknowledged == whole:
            digest = hashlib.md5(reading.data, usedforsecurity=False).digest()
            self._outcome.answers.append(digest)
            self._reading = None

    def _run_user_code(self, _data: bytes, _: int) -> None:
        self._outcome.leave = True

    def _need_flash(self) -> None:
        if not self._attached:
            raise Refused(FAILED)  # The ROM has no pins to the flash before SPI_ATTACH.


def _block(data: bytes, checksum: int) -> tuple[bytes, int]:
    """(content, sequence number) of a data packet whose length and checksum are right."""
    size, sequence, _, _ = struct.unpack_from("<IIII", data)
    content = data[16:]
    if len(content) != size:
        raise Refused(INVALID_MESSAGE)
    state = _SEED
    for byte in content:
        state ^= byte
    if state != checksum:
        raise Refused(WRONG_CHECKSUM)
    return content, sequence


_Operation = Callable[[BootRom, bytes, int], "tuple[int, bytes] | None"]
_ROM: dict[int, _Operation] = {
    0x02: BootRom._flash_begin,
    0x03: BootRom._flash_data,
    0x04: BootRom._flash_end,
    0x05: BootRom._mem_begin,
    0x06: BootRom._mem_end,
    0x07: BootRom._mem_data,
    0x08: BootRom._sync,
    0x09: BootRom._write_reg,
    0x0A: BootRom._read_reg,
    0x0B: BootRom._set_params,
    0x0D: BootRom._attach,
    0x0E: BootRom._read_slow,
    0x0F: BootRom._change_baud,
    0x10: BootRom._defl_begin,
    0x11: BootRom._flash_data,
    0x12: BootRom._flash_end,
    0x13: BootRom._md5,
    0x14: BootRom._security_info,
}
_STUB: dict[int, _Operation] = {
    0xD0: BootRom._erase_flash,
    0xD1: BootRom._erase_region,
    0xD2: BootRom._read_flash,
    0xD3: BootRom._run_user_code,
}
# What is left of them in secure download mode: no memory, no registers, no reading.
_SECURED = frozenset({0x02, 0x03, 0x04, 0x08, 0x0B, 0x0D, 0x0F, 0x10, 0x11, 0x12, 0x14})
