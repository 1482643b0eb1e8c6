"""The node on a serial line (RS-485) that many share: in the place of a broker's connection.

It speaks when the controller polls its address, and never late: what came in while the node was
busy is left unanswered, for an answer now would destroy a neighbour's. Cold: a file of its own in
the image, which nodes without a line never load. What came is told as a broker's client tells it.
"""

import select

import machine
import utime

from protocol import mqtt
from protocol.wire import line

from .parts import PARTS

_LINE = PARTS.index("line_tx")
_PARTS = 4
_STALE_MS = 30  # The controller waits for 60 (controller_end/line.py).
_LOST_MS = 10000  # Who is not polled for so long has no controller.
_READ_SIZE = 256
# What a node's end tells as what a broker's client would tell.
_KINDS = (mqtt.MESSAGE, mqtt.MESSAGE, mqtt.SUBSCRIBED)
KEY, LOST, UP = 1, 2, 4  # What a turn tells: somebody types, nobody polls any more, we are polled.


def run(board, setting, poll, events, topics):
    """A generator that is sent a frame, and yields whether there was no room for it.

    Sent milliseconds it waits so long for the line or a key, puts what came into `events` by its
    topic (of frames, of hints), and yields bits; sent None, as a radio is, it has nothing to tell.
    """
    tx, rx, enable, number = board[_LINE : _LINE + _PARTS]
    if number is None:
        raise ValueError("the board has no line")
    port = machine.UART(number, baudrate=setting[1], tx=tx, rx=rx, timeout=0)
    driver = None if enable is None else machine.Pin(enable, machine.Pin.OUT, value=0)
    poll.register(port, select.POLLIN)
    node = line.PolledNode(setting[0])
    choked = found = False  # Something was refused since there was room.
    polled_ms = looked_ms = utime.ticks_ms()
    while True:
        said = yield found
        found = 0
        if isinstance(said, bytes):
            found = not node.queue(said)
            choked = choked or found
        if said is None or isinstance(said, bytes):
            continue
        try:
            if utime.ticks_diff(utime.ticks_ms(), looked_ms) > _STALE_MS:
                while port.read(_READ_SIZE):
                    node.held = b""
            for what, _ in poll.ipoll(said):
                if what is not port:
                    found = KEY
            answer = node.receive(port.read(_READ_SIZE) or b"")
            if answer:
                polled_ms = utime.ticks_ms()
                _say(port, driver, answer)
        except OSError:
            pass  # A simulated pair is cut.
        looked_ms = utime.ticks_ms()
        for what, frame in node.came:
            events.append((_KINDS[what], topics[what & 1], frame, 0, 0))
        node.came.clear()
        if choked and node.queue(b""):
            choked = False
            events.append((mqtt.PUBLISHED, node, node, 0, 0))
        if node.mark:
            lost = utime.ticks_diff(looked_ms, polled_ms) > _LOST_MS
            found |= LOST if lost else UP
            if lost:
                node.forget()


def _say(port, driver, answer):
    """Write an answer; a transceiver that must be told drives the line for so long only."""
    if driver is not None:
        driver.value(1)
    port.write(answer)
    if driver is not None:
        port.flush()
        driver.value(0)
