# mypy: ignore-errors
"""The MQTT session of a node: packets by the standard, silence, refusal, hostile bytes."""

from protocol import mqtt

PACKET_CONNACK = b"\x20\x02\x00\x00"


def opened(window=20, clean=True):
    """A session that the broker has accepted."""
    session = mqtt.Session("n1", ("n1", "pw"), 60, clean, ("a", b"0", 1, True), (512, window))
    session.begin(0)
    hello = session.take()
    session.receive(PACKET_CONNACK, 0)
    session.events.clear()
    return session, hello


def test_connect_is_written_as_the_standard_says():
    _, hello = opened()
    assert hello == (
        b"\x10\x1c\x00\x04MQTT\x04\xee\x00\x3c\x00\x02n1\x00\x01a\x00\x010\x00\x02n1\x00\x02pw"
    )


def test_a_publish_waits_for_its_acknowledgement():
    session, _ = opened()
    number = session.publish("up", b"\x00\xff")
    assert session.take() == b"\x32\x08\x00\x02up\x00\x01\x00\xff"
    assert session.under_way == 1
    session.receive(b"\x40\x02\x00\x01", 5)
    assert session.events == [(mqtt.PUBLISHED, number, None, None, None)]
    assert session.under_way == 0


def test_a_full_window_refuses():
    session, _ = opened(window=1)
    session.publish("up", b"1")
    try:
        session.publish("up", b"2")
        full = False
    except mqtt.SessionFull:
        full = True
    assert full and session.full


def test_a_message_is_acknowledged_when_the_shell_says_so():
    session, _ = opened()
    session.receive(b"\x32\x07\x00\x02t1\x00\x07x", 1)
    assert session.events == [(mqtt.MESSAGE, "t1", b"x", 7, 0)]
    assert session.take() == b""
    session.acknowledge(7)
    assert session.take() == b"\x40\x02\x00\x07"


def test_a_stream_may_be_cut_anywhere():
    stream = (b"\x32\x07\x00\x02t1\x00\x07x" + b"\xd0\x00" + b"\x40\x02\x00\x09") * 3
    for cut in range(1, len(stream)):
        session, _ = opened()
        session.receive(stream[:cut], 1)
        session.receive(stream[cut:], 2)
        assert len(session.events) == 3
        assert session.state == 2


def test_silence_is_asked_about_and_then_ends_the_connection():
    session, _ = opened()
    session.tick(44999)
    assert session.take() == b""
    session.tick(45000)
    assert session.take() == b"\xc0\x00"
    session.tick(90001)
    assert session.events[-1][0] == mqtt.BROKEN
    assert session.state == 0


def test_a_refused_connection_says_its_code():
    session = mqtt.Session("n1")
    session.begin(0)
    session.receive(b"\x20\x02\x00\x05", 0)
    assert session.events == [(mqtt.REFUSED, 5, None, None, None)]


def test_hostile_bytes_break_the_connection_and_raise_nothing():
    seed = 12345
    for _ in range(300):
        data = bytearray()
        for _ in range(seed % 40):
            seed = (seed * 1103515245 + 12345) & 0x3FFFFFFF
            data.append(seed >> 16 & 0xFF)
        seed = (seed * 1103515245 + 12345) & 0x3FFFFFFF
        session, _ = opened()
        session.receive(bytes(data), 1)
        if not session.state:
            assert session.events[-1][0] in (mqtt.BROKEN, mqtt.REFUSED)


def test_a_packet_beyond_the_bound_breaks_before_it_is_held():
    session, _ = opened()
    session.receive(b"\x30\xff\x7f", 1)
    assert session.events[-1][0] == mqtt.BROKEN


def test_filters_take_the_topics_of_the_standard():
    for pattern, topic, takes in (
        ("ll/s/+/up", "ll/s/n/up", True), ("ll/s/+/up", "ll/s/n/down", False),
        ("ll/#", "ll", True),
        ("#", "$SYS/x", False), ("a/+", "a", False), ("a", "a/b", False),
    ):  # fmt: skip
        assert mqtt.topic_matches(pattern, topic) is takes


def test_pauses_grow_to_their_bound_and_shrink_after_success():
    backoff = mqtt.Backoff(500, 1000, 30000)
    pauses = [backoff.pause_ms(65535) for _ in range(9)]
    assert pauses[0] < 500
    assert pauses[1:] == [999, 1999, 3999, 7999, 15999, 29999, 29999, 29999]
    backoff.succeeded()
    assert backoff.pause_ms(0) == 500


def test_ten_thousand_nodes_of_one_dusk_are_spread_over_its_first_seconds():
    seconds = [0] * 30
    for number in range(10000):
        place_ms = mqtt.spread_ms(f"02aa{number:08x}", 30)
        assert 0 <= place_ms < 30000
        seconds[place_ms // 1000] += 1
    assert max(seconds) < 420 and min(seconds) > 250, seconds
    assert mqtt.spread_ms("02aa00000001", 0) == 0
    assert mqtt.spread_ms("02aa00000001", 100) == mqtt.spread_ms("02aa00000001", 100) < 100000
