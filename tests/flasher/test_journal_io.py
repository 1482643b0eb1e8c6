"""The journal: an identity belongs to one board for ever, whatever happens in between."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flasher.journal_io import ASIDE, BEGUN, DONE, FAILED, Journal, Wish
from flasher.troubles import FlashError

NOW = "2026-11-21T10:00:00+00:00"
WISHES = [Wish(f"02aa0000000{n}", f"L-{n}", "b-1") for n in (1, 2, 3)]


def journal(folder: Path) -> Journal:
    return Journal(folder / "journal.db")


def test_a_board_keeps_its_identity_over_crashes(tmp_path: Path) -> None:
    first = journal(tmp_path)
    assert first.begin("aa", "p", WISHES, NOW).asset_id == "L-1"
    again = journal(tmp_path)  # The first one was killed.
    assert again.begin("aa", "q", WISHES, NOW).asset_id == "L-1"
    assert again.begin("bb", "p", WISHES, NOW).asset_id == "L-2"
    line = again.lines()["02aa00000001"]
    assert (line.state, line.attempts, line.mac) == (BEGUN, 2, "aa")
    first.close()
    again.close()


def test_boards_that_are_named_get_what_is_theirs(tmp_path: Path) -> None:
    wishes = [Wish("02aa00000009", "L-9", "b-1", mac="cc"), *WISHES[:1]]
    one = journal(tmp_path)
    assert one.begin("dd", "p", wishes, NOW).asset_id == "L-1"
    with pytest.raises(FlashError, match="certain other boards"):
        one.begin("ee", "p", wishes, NOW)
    assert one.begin("cc", "p", wishes, NOW).asset_id == "L-9"
    with pytest.raises(FlashError, match="No identity is left"):
        one.begin("ee", "p", wishes, NOW)
    one.close()


def test_a_board_that_was_put_aside_takes_its_identity_with_it(tmp_path: Path) -> None:
    one = journal(tmp_path)
    one.begin("aa", "p", WISHES[:1], NOW)
    assert one.put_aside("aa", NOW) == "02aa00000001"
    assert one.lines()["02aa00000001"].state == ASIDE
    for mac, words in (("aa", "put aside"), ("bb", "No identity is left")):
        with pytest.raises(FlashError, match=words):
            one.begin(mac, "p", WISHES[:1], NOW)
    with pytest.raises(FlashError, match="No board"):
        one.put_aside("zz", NOW)
    one.close()


def test_a_board_of_another_job_is_refused(tmp_path: Path) -> None:
    one = journal(tmp_path)
    one.begin("aa", "p", WISHES[:1], NOW)
    with pytest.raises(FlashError, match="not in this job"):
        one.begin("aa", "p", WISHES[1:], NOW)
    one.close()


def test_what_was_sealed_into_a_board_outlives_a_start(tmp_path: Path) -> None:
    one = journal(tmp_path)
    assert one.sealed("aa") is None
    records: list[dict[str, Any]] = [{"parts": [[1, 2, "x"]]}, {"parts": []}]
    for record in records:
        one.seal("aa", record, NOW)
    one.close()
    again = journal(tmp_path)
    assert again.sealed("aa") == {"parts": []}
    assert again.sealed("bb") is None
    again.close()


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(st.sampled_from("abcdef"), st.sampled_from([None, DONE, FAILED]))))
def test_no_order_of_events_gives_an_identity_twice(
    tmp_path_factory: pytest.TempPathFactory, events: list[tuple[str, str | None]]
) -> None:
    one = journal(tmp_path_factory.mktemp("journal"))
    has: dict[str, str] = {}
    for mac, end in events:
        try:
            wish = one.begin(mac, "p", WISHES, NOW)
        except FlashError:
            assert len(has) == len(WISHES)
            assert mac not in has
            continue
        assert has.setdefault(mac, wish.node_id) == wish.node_id
        if end:
            one.end(wish.node_id, end, NOW, {})
    assert len(set(has.values())) == len(has)
    one.close()
