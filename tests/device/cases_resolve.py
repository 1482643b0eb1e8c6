# mypy: ignore-errors
"""Names asked for without waiting: what is an answer, and what is none."""

from firmware import resolve

ASKED = resolve.question("broker.city.example", b"\x12\x34")


def answered(*records, flags=b"\x81\x80", asked=ASKED):
    """An answer with these records, whose names point at the question's."""
    head = bytearray(asked[:2]) + flags + b"\x00\x01" + bytes((0, len(records))) + bytes(4)
    return bytes(head) + asked[12:] + b"".join(records)


def record(data, kind=b"\x00\x01", name=b"\xc0\x0c"):
    """One record."""
    return name + kind + b"\x00\x01" + bytes(4) + bytes((0, len(data))) + data


def test_the_question_is_one_packet_by_the_book():
    assert ASKED == (
        b"\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00"
        b"\x06broker\x04city\x07example\x00\x00\x01\x00\x01"
    )


def test_an_address_is_found_behind_other_records():
    alias = record(b"\x05other\xc0\x13", b"\x00\x05")
    spelled = record(bytes((192, 0, 2, 7)), name=b"\x05other\x04city\x00")
    assert resolve.address(answered(alias, spelled), ASKED) == "192.0.2.7"
    assert resolve.address(answered(record(bytes((10, 0, 0, 5)))), ASKED) == "10.0.0.5"


def test_a_name_that_is_not_there_has_no_address():
    assert resolve.address(answered(flags=b"\x81\x83"), ASKED) == ""
    assert resolve.address(answered(record(bytes(16), b"\x00\x1c")), ASKED) == ""


def test_what_answers_another_question_is_no_answer():
    other = resolve.question("broker.city.example", b"\x12\x35")
    good = record(bytes((10, 0, 0, 5)))
    assert resolve.address(answered(good, asked=other), ASKED) is None
    other = resolve.question("brokes.city.example", b"\x12\x34")
    assert resolve.address(answered(good, asked=other), ASKED) is None
    assert resolve.address(ASKED, ASKED) is None  # A question is none.


def test_any_bytes_are_an_address_or_none():
    whole = answered(record(b"\x05other\xc0\x13", b"\x00\x05"), record(bytes((10, 0, 0, 5))))
    for size in range(len(whole)):
        assert resolve.address(whole[:size], ASKED) in (None, "")
    seed = 99
    for _ in range(300):
        packet = bytearray(whole)
        for _ in range(3):
            seed = (seed * 75 + 74) % 65537
            packet[seed % len(packet)] = seed >> 8 & 0xFF
        found = resolve.address(bytes(packet), ASKED)
        assert found is None or found == "" or len(found.split(".")) == 4
