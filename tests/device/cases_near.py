# mypy: ignore-errors
"""Hints between neighbours: under their key, once, and not farther than light should run."""

from protocol import wire

KEY = bytes(range(32))


def lamp(place, boot_count=1, key=KEY):
    """A lamp of the group."""
    return wire.Neighbours(key, bytes((2, 0, 0, 0, 0, place)), place, boot_count)


def test_neighbours_hear_a_hint_once_and_the_sender_not_at_all():
    first, second = lamp(1), lamp(2)
    frame = first.hint(30)
    assert second.heard(frame) == 30
    assert second.heard(frame) == 0
    assert first.heard(frame) == 0
    assert second.heard(first.hint(20)) == 20


def test_light_runs_two_lamps_ahead_in_both_directions():
    frame = lamp(10).hint(30)
    assert [place for place in range(5, 16) if lamp(place).heard(frame)] == [8, 9, 11, 12]


def test_who_has_not_the_key_raises_nothing():
    assert lamp(2).heard(lamp(1, key=bytes(32)).hint(30)) == 0
    frame = bytearray(lamp(1).hint(30))
    for at in range(len(frame)):
        frame[at] ^= 1
        assert lamp(2).heard(bytes(frame)) == 0, at
        frame[at] ^= 1
    for data in (b"", b"\x01", bytes(14), bytes(300)):
        assert lamp(2).heard(data) == 0


def test_the_next_key_takes_the_place_of_the_present_one():
    first, second, late = lamp(1), lamp(2), lamp(3)
    old = first.hint(30)
    for one in (first, second):
        one.use(bytes(32))
    assert second.heard(old) == 0 and late.heard(first.hint(30)) == 0
    assert second.heard(first.hint(30)) == 30
    late.use(bytes(32))
    assert late.heard(second.hint(30)) == 30


def test_a_hint_of_an_earlier_boot_is_old():
    hearer, before = lamp(2), lamp(1, 4)
    old = [before.hint(30) for _ in range(3)]
    assert hearer.heard(lamp(1, 5).hint(30)) == 30
    assert [hearer.heard(frame) for frame in old] == [0, 0, 0]


def test_a_crowd_of_senders_takes_no_more_memory():
    hearer = lamp(2)
    for sender in range(100):
        one = wire.Neighbours(KEY, bytes((2, 0, 0, 0, 1, sender)), 1, 1)
        assert hearer.heard(one.hint(30)) == 30
    assert len(hearer._heard) == 16
