# mypy: ignore-errors
"""A power cut while a renewal is kept; run by MicroPython, see test_torn_identity.py.

    micropython torn_identity.py ROOT CUT KEY < RENEWAL

The CUT-th write to the flash chip is torn in its middle and the power is gone. Then the identity
is read anew and printed: whether the chip was torn, and what the file says. The node key and the
renewal are in hex.
"""

import json
import sys

import vfs

sys.path.insert(0, sys.argv[1])
sys.path.insert(0, sys.argv[1] + "/tests/device")

from torn_chip import BLOCK_SIZE, BLOCKS, Chip

from firmware import renew


def mounted(memory, cut):
    """Mount the chip at the root, instead of what was there."""
    chip = Chip(memory, cut)
    root = vfs.VfsLfs2(chip, readsize=32, progsize=32, lookahead=32)
    vfs.umount("/")
    vfs.mount(root, "/")
    return chip


def main(cut, key, renewal):
    """Renew, prove, tear, mount again, tell."""
    memory = bytearray(b"\xff" * (BLOCK_SIZE * BLOCKS))
    vfs.VfsLfs2.mkfs(Chip(memory, 0), readsize=32, progsize=32, lookahead=32)
    mounted(memory, 0)
    said = {"key": key, "password": "p", "ca": "30" + "aa" * 400, "board": [1] * 40}
    with open("/identity.json", "w") as file:
        json.dump(said, file)
    chip = mounted(memory, cut)
    steps = 0
    try:
        assert renew._told(0, renewal, 1)
        steps = 1
        assert renew._told(0, None, 0)
        steps = 2
    except OSError:
        pass
    torn = chip.writes >= cut
    # A file that could not be closed is closed at the end: nowhere.
    chip.memory, chip.cut = bytearray(memory), 0
    mounted(memory, 0)
    with open("/identity.json") as file:
        print(json.dumps([torn, steps, json.load(file)]))


main(int(sys.argv[2]), sys.argv[3], bytes.fromhex(sys.stdin.read()))
