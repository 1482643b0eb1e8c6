"""Nodes are processes: forked, killed like a mains cut, told of, and never left behind."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

from real_node import RealNode


def alive(pid: int) -> bool:
    """Whether there is such a process that has not ended."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def pid_of(node: RealNode) -> int:
    """Start the node and tell its process."""
    zygote = node.zygote()
    assert zygote.stdin is not None
    assert zygote.stdout is not None
    zygote.stdin.write(b"start 0\n")
    word, number, pid = zygote.stdout.readline().split()
    assert (word, number) == (b"up", b"0")
    return int(pid)


def gone(pid: int) -> bool:
    """Whether a process ends within 3 s."""
    end = time.monotonic() + 3
    while alive(pid) and time.monotonic() < end:
        time.sleep(0.01)
    return not alive(pid)


def wait_lit(node: RealNode) -> None:
    end = time.monotonic() + 5
    while not node.pages.driven[0] and time.monotonic() < end:
        time.sleep(0.01)
    assert node.pages.driven[0] == 1


def test_a_killed_node_is_told_of_and_drives_its_lamp_no_more(tmp_path: Path) -> None:
    node = RealNode(tmp_path, "lamp", 1)
    pid = pid_of(node)
    wait_lit(node)
    assert node.pages.boots[0] == 1
    node.stop()
    assert node.pages.driven[0] == 0
    assert not alive(pid)
    assert pid_of(node) != pid
    wait_lit(node)
    assert node.pages.boots[0] == 2
    node.close()


def test_a_node_that_dies_alone_is_told_of_as_well(tmp_path: Path) -> None:
    node = RealNode(tmp_path, "lamp", 1)
    pid = pid_of(node)
    wait_lit(node)
    os.kill(pid, signal.SIGKILL)
    zygote = node.zygote()
    assert zygote.stdout is not None
    assert zygote.stdout.readline() == b"down 0 9\n"
    node.close()


def test_nodes_die_with_their_zygote_however_it_ends(tmp_path: Path) -> None:
    node = RealNode(tmp_path, "lamp", 1)
    pid = pid_of(node)
    wait_lit(node)
    os.kill(node.zygote().pid, signal.SIGKILL)
    assert gone(pid)
    node.close()


def test_nodes_die_when_the_input_of_the_zygote_ends(tmp_path: Path) -> None:
    node = RealNode(tmp_path, "lamp", 1)
    pid = pid_of(node)
    wait_lit(node)
    node.close()
    assert gone(pid)
