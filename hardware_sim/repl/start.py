"""How a flashed board starts. It runs inside of the MicroPython process, out of the peripherals'
image: linked, for each name of its own is one less for the application, and no board has it.
"""

import os
import sys

import uctypes
import vfs


class Partition:
    """A partition of a real flash: programming clears bits, erasing sets them."""

    def __init__(self, address, size):
        self._memory = memoryview(uctypes.bytearray_at(address, size))

    def readblocks(self, block, buffer, offset=0):
        """Read."""
        at = block * 4096 + offset
        buffer[:] = self._memory[at : at + len(buffer)]

    def writeblocks(self, block, buffer, offset=0):
        """Program; littlefs erases before."""
        at = block * 4096 + offset
        self._memory[at : at + len(buffer)] = buffer

    def ioctl(self, operation, block):
        """4: blocks, 5: block size, 6: erase."""
        if operation == 4:
            return len(self._memory) // 4096
        if operation == 5:
            return 4096
        if operation == 6:
            self._memory[block * 4096 : (block + 1) * 4096] = b"\xff" * 4096
        return 0


def mounted(partition):
    """The file system in the partition; a blank one is made new, as MicroPython does."""
    sizes = {"readsize": 32, "progsize": 32, "lookahead": 32}
    try:
        return vfs.VfsLfs2(partition, **sizes)
    except OSError:
        vfs.VfsLfs2.mkfs(partition, **sizes)
        return vfs.VfsLfs2(partition, **sizes)


def start(letters, names):
    """Mount, forget all names, which are the console's too, and run what is to be run.

    letters: R the image has ROMFS and is ours, so that boot.py and the image in the slots run; S
    after a soft reset in raw mode, when nothing but boot.py is run, as on a real board. Places of
    everything stand in the table whose address is an argument (see ../board/simpage.py).
    """
    argument = int(sys.argv[1])
    places = uctypes.struct(argument, (uctypes.ARRAY | 0, uctypes.UINT64 | 10))
    sys.path[:] = ["", "/lib", "/sim", "/rom", ".frozen"]
    board = __import__("simboard")
    root = mounted(Partition(places[4], places[5]))
    vfs.umount("/")
    vfs.mount(root, "/")
    os.chdir("/")
    for name in ("machine", "network"):
        sys.modules[name] = board
    end = uctypes.bytearray_at(argument + 80, 2)
    end[0] = 1  # From now on it can be interrupted.
    for name in list(names):
        if name[:2] != "__":
            del names[name]
    raw = "S" in letters
    files = [] if raw else ["main.py"]
    try:
        if "R" in letters:
            boot = __import__("boot")
            if not raw:
                boot.run()
        else:
            files.insert(0, "boot.py")
        for path in files:
            try:
                with open(path) as file:
                    source = file.read()
            except OSError:
                continue
            exec(compile(source, path, "exec"), names)
    except SystemExit as wanted:
        # It would lead to the console, for which the process was started; so it dies of a signal.
        end[1] = 1 + ((wanted.args and wanted.args[0]) or 0)
        uctypes.bytearray_at(0, 1)[0] = 0
