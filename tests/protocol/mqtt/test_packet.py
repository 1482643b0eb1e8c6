"""Packets: the stream is cut where the standard says, and hostile bytes raise MqttError alone."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.mqtt import MqttError, Reader, packet, topic_matches

TOPICS = st.text(st.characters(exclude_characters="+#\0", exclude_categories=["Cs"]), min_size=1)


def read_all(reader: Reader) -> list[tuple[int, bytes]]:
    found = []
    while (one := reader.next()) is not None:
        found.append(one)
    return found


@given(TOPICS, st.binary(max_size=300), st.integers(1, 65535), st.lists(st.integers(1, 7)))
def test_a_publish_is_read_as_it_was_written_however_it_is_cut(
    topic: str, payload: bytes, number: int, cuts: list[int]
) -> None:
    data = packet.publish(packet.topic_bytes(topic), payload, 2, number) * 2
    reader = Reader(2000)
    found = []
    for cut in cuts:
        reader.feed(data[:cut])
        data = data[cut:]
        found += read_all(reader)
    reader.feed(data)
    found += read_all(reader)
    assert len(found) == 2
    for first, body in found:
        assert packet.parse_publish(first, body) == (topic, payload, number)


@given(st.lists(st.binary(max_size=40), max_size=8))
def test_hostile_bytes_raise_mqtt_error_and_nothing_else(pieces: list[bytes]) -> None:
    reader = Reader(100)
    said = "nothing"
    try:
        for piece in pieces:
            reader.feed(piece)
            for first, body in read_all(reader):
                if first & 0xF0 == packet.PUBLISH:
                    packet.parse_publish(first, body)
    except MqttError as error:
        said = str(error)
    assert said


def test_a_packet_beyond_the_bound_is_refused_before_it_is_held() -> None:
    reader = Reader(100)
    reader.feed(b"\x30\xff\x7f")
    with pytest.raises(MqttError, match="at most 100"):
        reader.next()


def test_a_length_of_five_bytes_is_refused_at_once() -> None:
    reader = Reader(100)
    reader.feed(b"\x30\xff\xff\xff\xff\x01")
    with pytest.raises(MqttError, match="more than 4 bytes"):
        reader.next()


@pytest.mark.parametrize("topic", ["", "a/+", "#", "a\0b"])
def test_a_topic_that_may_not_be_published_to_is_named(topic: str) -> None:
    with pytest.raises(MqttError, match="topic"):
        packet.topic_bytes(topic)


@pytest.mark.parametrize(
    ("pattern", "topic", "takes"),
    [
        ("ll/s/+/up", "ll/s/n/up", True),
        ("ll/s/+/up", "ll/s/n/down", False),
        ("ll/#", "ll", True),
        ("ll/#", "ll/a/b", True),
        ("#", "$SYS/x", False),
        ("a/+", "a", False),
        ("a", "a/b", False),
    ],
)
def test_filters_take_the_topics_of_section_4_7(pattern: str, topic: str, takes: bool) -> None:
    assert topic_matches(pattern, topic) is takes
