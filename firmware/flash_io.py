"""What a node keeps in flash: two slots each for schedule and configuration, a log of events.

A slot is written whole to the older of two files, with a generation and a CRC; a torn write leaves
the other. The log is a row of segment files of fixed records with a CRC each: appended at one end,
whole segments removed at the other. What was acknowledged but not yet removed is sent again after
a power cut; the controller knows it by its number.
"""

import binascii
import hashlib
import os
import struct

from .happenings import RECORD_SIZE

_SLOT = "<4sIHI"  # mark, generation, size, CRC-32 of the content
_SLOT_SIZE = struct.calcsize(_SLOT)
_MARK = b"LLS1"
_SEGMENT_RECORDS = 32
_SEGMENTS_MAX = 64  # 2,048 events; the oldest segment goes when more come.
_FOLDER = "/events"
_LINE_SIZE = RECORD_SIZE + 4


def _read(path: str) -> bytes:
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError:
        return b""


class Slot:
    """A content of up to 4 kB in two files."""

    def __init__(self, name: str) -> None:
        self._paths = ("/{}.a".format(name), "/{}.b".format(name))
        self._next = 0
        self.generation = 0

    def load(self) -> bytes:
        """The newest whole content; b"" when there is none."""
        best = b""
        self.generation = 0
        for index in range(2):
            data = _read(self._paths[index])
            if len(data) < _SLOT_SIZE:
                continue
            mark, generation, size, crc = struct.unpack_from(_SLOT, data)
            content = data[_SLOT_SIZE : _SLOT_SIZE + size]
            whole = mark == _MARK and len(content) == size and binascii.crc32(content) == crc
            if whole and generation >= self.generation:
                best, self.generation = content, generation
                self._next = 1 - index
        return best

    def save(self, content: bytes, generation: int) -> None:
        """Write the content over the older file; it is then the newest, whatever came before."""
        generation = max(generation, self.generation + 1)
        head = struct.pack(_SLOT, _MARK, generation, len(content), binascii.crc32(content))
        with open(self._paths[self._next], "wb") as file:
            file.write(head)
            file.write(content)
        self._next = 1 - self._next
        self.generation = generation


def digest(content: bytes) -> bytes:
    """What a content is known by: SHA-256 cut to 8 bytes, zeros when it is empty."""
    return hashlib.sha256(content).digest()[:8] if content else bytes(8)


class EventLog:
    """Events in order. `next_unsent` hands them out; `forget` removes what is acknowledged."""

    def __init__(self) -> None:
        try:
            os.mkdir(_FOLDER)
        except OSError:
            pass  # It is there already.
        self._segments = sorted([int(n) for n in os.listdir(_FOLDER) if n.isdigit()])
        self._read_segment = self._segments[0] if self._segments else 0
        self._read_index = 0
        self._open: dict[int, list[tuple[int, int]]] = {}
        self.lost = 0
        self.waiting = 0
        self._tail_records = 0
        self.last_number = self._scan()

    def _path(self, segment: int) -> str:
        return "{}/{}".format(_FOLDER, segment)

    def _scan(self) -> int:
        """Count what waits; the highest event number in the log, 0 when it is empty."""
        last = 0
        for segment in self._segments:
            records = self._records(segment)
            self.waiting += len(records)
            self._tail_records = len(_read(self._path(segment))) // _LINE_SIZE
            for record in records:
                last = max(last, struct.unpack_from("<I", record, 5)[0])
        if (
            self._segments
            and self._tail_records * _LINE_SIZE != os.stat(self._path(self._segments[-1]))[6]
        ):
            self._tail_records = _SEGMENT_RECORDS  # A torn record: go on in a new segment.
        return last

    def _records(self, segment: int) -> list[bytes]:
        data = _read(self._path(segment))
        found = []
        for at in range(0, len(data) - _LINE_SIZE + 1, _LINE_SIZE):
            record = data[at : at + RECORD_SIZE]
            if binascii.crc32(record) == struct.unpack_from("<I", data, at + RECORD_SIZE)[0]:
                found.append(record)
        return found

    def last_record(self) -> bytes:
        """The newest whole record; b"" when the log is empty."""
        for segment in reversed(self._segments):
            records = self._records(segment)
            if records:
                return records[-1]
        return b""

    def append(self, record: bytes) -> None:
        """Write one record; it is in flash when this returns."""
        if not self._segments or self._tail_records >= _SEGMENT_RECORDS:
            self._segments.append(self._segments[-1] + 1 if self._segments else 1)
            self._tail_records = 0
            if len(self._segments) > _SEGMENTS_MAX:
                self._drop_oldest()
            if len(self._segments) == 1:
                self._read_segment, self._read_index = self._segments[0], 0
        with open(self._path(self._segments[-1]), "ab") as file:
            file.write(record + struct.pack("<I", binascii.crc32(record)))
        self._tail_records += 1
        self.waiting += 1

    def next_unsent(self) -> bytes | None:
        """The next record to load, or None; each is handed out once per boot."""
        while self._segments and self._read_segment <= self._segments[-1]:
            records = []
            if self._read_segment in self._segments:
                records = self._records(self._read_segment)
            if self._read_index < len(records):
                record = records[self._read_index]
                self._read_index += 1
                self._open.setdefault(self._read_segment, []).append(_key(record))
                return record
            if self._read_segment == self._segments[-1]:
                return None
            self._read_segment += 1
            self._read_index = 0
        return None

    def forget(self, boot_count: int, number: int) -> None:
        """The controller has this event; a segment with none left is removed."""
        for segment in list(self._open):
            keys = self._open[segment]
            if (boot_count, number) in keys:
                keys.remove((boot_count, number))
                self.waiting -= 1
                if not keys:
                    self._close(segment)
                return

    def _close(self, segment: int) -> None:
        """Remove a segment of which everything was handed out and acknowledged."""
        read_all = self._read_segment > segment or (
            self._read_segment == segment and self._read_index >= len(self._records(segment))
        )
        if read_all and segment in self._segments:
            os.remove(self._path(segment))
            self._segments.remove(segment)
            self._open.pop(segment, None)
            if not self._segments:
                self._tail_records = 0
                self._read_segment, self._read_index = segment + 1, 0

    def _drop_oldest(self) -> None:
        oldest = self._segments.pop(0)
        gone = len(self._records(oldest))
        os.remove(self._path(oldest))
        self._open.pop(oldest, None)
        self.lost += gone
        self.waiting -= gone


def _key(record: bytes) -> tuple[int, int]:
    return struct.unpack_from("<II", record, 1)
