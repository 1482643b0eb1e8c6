"""What a console says: any bytes are taken, and only whole answers count."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from flasher.talk import Lines, SelfTest, answer, rows


@given(st.lists(st.binary(max_size=200), max_size=20))
def test_any_bytes_give_the_same_lines_however_they_are_cut(parts: list[bytes]) -> None:
    pieces = Lines()
    whole = Lines()
    one = [line for part in parts for line in pieces.feed(part)]
    assert one == list(whole.feed(b"".join(parts)))
    for line in one:
        said = answer(line)
        if said is not None:
            rows(said)
            SelfTest().take(said)


@given(st.recursive(st.none() | st.integers() | st.text(max_size=9), lambda inner: (
    st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=9), inner, max_size=4)
), max_leaves=12))  # fmt: skip
def test_any_json_is_taken_without_harm(said: object) -> None:
    found = answer("echo " + json.dumps({"rows": said, "check": said, "passed": said}))
    assert found is not None
    rows(found)
    test = SelfTest()
    test.take(found)
    test.failed(at_the_pole=True)


def test_endless_lines_are_dropped_and_the_next_one_is_heard() -> None:
    lines = Lines()
    assert not list(lines.feed(b"x" * 20_000))
    assert list(lines.feed(b"tail\nnext\n")) == ["next"]


def test_an_answer_is_found_behind_its_echo() -> None:
    assert answer('status --json{"command": "status"}') == {"command": "status"}
    assert answer("[1]") is None
    assert answer('{"torn": ') is None
    assert answer("{" * 5000) is None


def test_clock_and_network_count_at_the_pole_alone() -> None:
    test = SelfTest()
    for name, passed in (("flash", True), ("clock", False), ("light", False), ("radar", None)):
        test.take({"check": name, "passed": passed, "what": ""})
    assert test.failed(at_the_pole=False) == ["light"]
    assert test.failed(at_the_pole=True) == ["clock", "light"]
    assert not test.ended
    test.take({"command": "selftest", "passed": False})
    assert test.ended
