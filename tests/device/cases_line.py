# mypy: ignore-errors
"""The node's end of a polled line: it speaks when it is asked, and takes each frame once."""

from protocol.wire import line

MARK = b"\1\2\3\4"


def poll(control=0, frame=b"", address=5):
    """What the controller says to one node."""
    return line.packet(address, control, frame)


def said(data):
    """Address, control and frame of one answer; None when nothing was said."""
    if not data:
        return None
    content = line.unwrap(data[1:-1])
    return content[0], content[1], content[2:]


def came(node, kind=line.FRAME):
    """What came of a kind."""
    return [frame for what, frame in node.came if what == kind]


def begun():
    """A node at address 5 that was told where to begin."""
    node = line.PolledNode(5)
    node.receive(poll(line.BEGIN, MARK))
    return node


def test_a_fresh_node_asks_to_begin_and_says_the_mark_back():
    node = line.PolledNode(5)
    assert not node.queue(b"")
    assert said(node.receive(poll())) == (5, line.ANSWER | line.BEGIN, b"")
    assert said(node.receive(poll(line.BEGIN, MARK))) == (5, line.ANSWER | line.BEGIN, MARK)
    assert node.came == [(line.BEGUN, b"")] and node.queue(b"")
    assert said(node.receive(poll())) == (5, line.ANSWER, b"")


def test_others_and_answers_and_noise_are_not_answered():
    node = begun()
    for data in (poll(address=6), poll(line.ANSWER), b"\0\7\7\7\0", poll()[:-3] + b"\0", b"\5\0"):
        assert node.receive(data) == b""
    assert said(node.receive(poll())) == (5, line.ANSWER, b"")


def test_a_frame_is_said_again_until_it_is_taken():
    node = begun()
    assert node.queue(b"one") and node.queue(b"two")
    first = said(node.receive(poll()))
    assert first == (5, line.ANSWER | line.SENT | line.MORE, b"one")
    assert said(node.receive(poll())) == first
    assert said(node.receive(poll(line.TAKEN))) == (5, line.ANSWER, b"two")
    assert said(node.receive(poll(line.TAKEN))) == (5, line.ANSWER, b"two")
    assert said(node.receive(poll())) == (5, line.ANSWER, b"")


def test_a_repeated_frame_is_taken_once():
    node = begun()
    for _ in range(3):
        assert said(node.receive(poll(line.SENT, b"down"))) == (5, line.ANSWER | line.TAKEN, b"")
    node.receive(poll(0, b"next"))
    assert came(node) == [b"down", b"next"]


def test_a_repeated_begin_keeps_the_toggles_and_a_new_one_sets_them():
    node = begun()
    node.receive(poll(line.SENT, b"down"))
    node.receive(poll(line.BEGIN, MARK))
    node.receive(poll(line.SENT, b"down"))
    assert came(node) == [b"down"]
    node.queue(b"old")
    node.receive(poll(line.BEGIN, b"\5\6\7\x08"))
    node.receive(poll(line.SENT, b"down"))
    assert came(node) == [b"down", b"down"] and len(came(node, line.BEGUN)) == 2
    assert said(node.receive(poll())) == (5, line.ANSWER | line.TAKEN, b"")


def test_nobody_answers_what_everybody_is_told():
    node = begun()
    assert node.receive(poll(0, b"hint", line.EVERYBODY)) == b""
    assert came(node, line.TOLD) == [b"hint"] and not came(node)


def test_a_poll_that_something_follows_is_left_unanswered():
    node = begun()
    assert node.receive(poll() + poll(address=6)[:3]) == b""
    node.held = b""
    assert said(node.receive(poll(address=6)[3:] + poll())) == (5, line.ANSWER, b"")


def test_eight_frames_wait_and_no_more():
    node = begun()
    assert all(node.queue(bytes((number,))) for number in range(8))
    assert not node.queue(b"ninth")
    node.receive(poll())
    node.receive(poll(line.TAKEN))
    assert node.queue(b"ninth")


def test_a_stream_may_be_cut_anywhere():
    stream = poll(line.SENT, bytes(range(200))) + poll(0, b"\0\0") + poll(line.SENT, b"")
    for cut in range(1, len(stream)):
        node = begun()
        node.receive(stream[:cut])
        node.receive(stream[cut:])
        assert came(node) == [bytes(range(200)), b"\0\0"]


def test_hostile_bytes_raise_nothing_and_hold_little():
    seed = 4711
    node = begun()
    for _ in range(400):
        data = bytearray()
        for _ in range(seed % 60):
            seed = (seed * 1103 + 12345) & 0xFFFFF
            data.append(seed >> 8 & 0xFF if seed & 0x30 else seed & 0xFF)
        seed = (seed * 1103 + 12345) & 0xFFFFF
        node.receive(bytes(data))
    node.receive(b"\1" * 5000 + b"\0")
    assert said(node.receive(poll())) is not None
