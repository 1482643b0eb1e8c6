"""Power cuts at any write to flash lose nothing that was stored before."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
PROGRAM = str(Path(sys.executable).parent / "micropython")


@st.composite
def histories(draw: st.DrawFn) -> list[str]:
    """A first content of the slot, then saves, events and acknowledgements, by rising numbers."""
    words = ["s1"]
    for number in range(2, 2 + draw(st.integers(1, 12))):
        kind = draw(st.sampled_from("seeef"))
        known = [int(word[1:]) for word in words if word[0] == "e"]
        if kind == "f" and known:
            words.append(f"f{draw(st.sampled_from(known))}")
        else:
            words.append(f"{'s' if kind == 's' else 'e'}{number}")
    return words


def after(cut: int, words: list[str]) -> tuple[bool, int, int, int, list[int]]:
    """Torn, operations done, number and generation of the slot, events that are there."""
    said = [PROGRAM, "-X", "heapsize=2m", str(HERE / "torn_flash.py"), str(ROOT), str(cut), *words]
    done = subprocess.run(said, capture_output=True, text=True, check=False)
    assert not done.returncode, done.stdout + done.stderr
    torn, count, number, generation, *events = map(int, done.stdout.split())
    return bool(torn), count, number, generation, events


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 60), histories())
def test_a_torn_write_loses_nothing_that_was_stored(cut: int, words: list[str]) -> None:
    _, count, number, generation, events = after(cut, words)
    done, torn = words[: 1 + count], words[1 + count : 2 + count]
    saved = [int(word[1:]) for word in done if word[0] == "s"]
    # Either the last whole content or the one that was being written, never another.
    allowed = {saved[-1]} | {int(word[1:]) for word in torn if word[0] == "s"}
    assert number in allowed
    assert generation == number
    stored = {int(word[1:]) for word in done if word[0] == "e"}
    forgotten = {int(word[1:]) for word in [*done, *torn] if word[0] == "f"}
    written = stored | {int(word[1:]) for word in torn if word[0] == "e"}
    assert stored - forgotten <= set(events) <= written
    assert events == sorted(set(events)), "in order, and each once"


def test_every_cut_of_one_history_is_survived() -> None:
    words = ["s1", "e2", "s3", "e4", "f2", "e5", "s6", "f4", "e7", "f5", "f7", "e8"]
    cuts = 0
    for cut in range(1, 200):
        torn, count, number, _, events = after(cut, words)
        done = words[: 1 + count]
        assert number in (max(int(w[1:]) for w in done if w[0] == "s"), *(3, 6))
        assert {int(w[1:]) for w in done if w[0] == "e"} - {2, 4, 5, 7} <= set(events)
        if not torn:
            break
        cuts += 1
    assert cuts > 20, "the history has few writes"
