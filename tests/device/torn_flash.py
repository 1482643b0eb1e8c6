# mypy: ignore-errors
"""A power cut in the middle of a write to flash; run by MicroPython, see test_torn_flash.py.

    micropython torn_flash.py ROOT CUT OPERATION …

Operations: s NUMBER saves a slot, e NUMBER appends an event, f NUMBER forgets one. The CUT-th
write to the flash chip is torn in its middle and the power is gone. Then everything is read anew,
and what is there is printed: the slot's number, its generation and the events.
"""

import struct
import sys

import vfs

sys.path.insert(0, sys.argv[1])
sys.path.insert(0, sys.argv[1] + "/tests/device")

from torn_chip import BLOCK_SIZE, BLOCKS, Chip

from firmware.flash_io import EventLog, Slot
from firmware.happenings import event_of, record_of
from protocol import wire


def content_of(number):
    """A slot's content: long enough to need several writes."""
    return struct.pack("<I", number) * 200


def event(number):
    """An event as the log keeps it."""
    return record_of(wire.Event(boot_count=1, number=number, kind=2))


def act(words):
    """Do the operations; how many were done before the power went."""
    slot, log = Slot("schedule"), EventLog()
    slot.load()
    while log.next_unsent():
        pass
    done = 0
    try:
        for word in words:
            number = int(word[1:])
            if word[0] == "s":
                slot.save(content_of(number), number)
            elif word[0] == "e":
                log.append(event(number))
                log.next_unsent()
            else:
                log.forget(1, number)
            done += 1
    except OSError:
        pass
    return done


def mounted(memory, cut):
    """Mount the chip at the root, instead of what was there."""
    chip = Chip(memory, cut)
    root = vfs.VfsLfs2(chip, readsize=32, progsize=32, lookahead=32)
    vfs.umount("/")
    vfs.mount(root, "/")
    return chip


def main(cut, words):
    """Tear, mount again, tell."""
    memory = bytearray(b"\xff" * (BLOCK_SIZE * BLOCKS))
    vfs.VfsLfs2.mkfs(Chip(memory, 0), readsize=32, progsize=32, lookahead=32)
    before = int(words[0][1:])
    chip = mounted(memory, 0)
    act(words[:1])
    chip = mounted(memory, cut)
    done = act(words[1:])
    torn = chip.writes >= cut
    mounted(memory, 0)
    slot, log = Slot("schedule"), EventLog()
    content = slot.load()
    number = struct.unpack_from("<I", content)[0]
    assert content == content_of(number), "the slot is torn"
    assert before <= number
    events = []
    record = log.next_unsent()
    while record:
        events.append(str(event_of(record).number))
        record = log.next_unsent()
    assert log.waiting == len(events)
    print(int(torn), done, number, slot.generation, " ".join(events))


main(int(sys.argv[2]), sys.argv[3:])
