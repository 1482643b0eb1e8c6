"""Repeating until acknowledged: bounded, with growing pauses, each token once."""

from __future__ import annotations

from protocol import wire


def test_a_message_is_due_again_with_growing_pauses_until_it_is_forgotten() -> None:
    retry = wire.Retry()
    retry.add(1, wire.Ask(command_id=1), 0)
    times = []
    for now_ms in range(0, 20_000, 100):
        while retry.due(now_ms) is not None:
            times.append(now_ms)
    assert times == [700, 2100, 4900, 10500]
    assert retry.deadline_ms(20_000) == 10500 + 11200 - 20_000
    assert retry.forget(1)
    assert not retry.forget(1)
    assert retry.deadline_ms(0) == -1


def test_a_full_list_refuses_and_keeps_what_it_has() -> None:
    retry = wire.Retry(2)
    assert retry.add(1, wire.Ask(), 0)
    assert retry.add(2, wire.Ask(), 0)
    assert not retry.add(3, wire.Ask(), 0)
    assert len(retry) == 2


def test_everything_is_due_at_once_when_the_peer_comes_back() -> None:
    retry = wire.Retry()
    retry.add(1, wire.Ask(command_id=1), 0)
    retry.add(2, wire.Ask(command_id=2), 0)
    assert retry.due(10) is None
    retry.all_at_once()
    first, second = retry.due(10), retry.due(10)
    assert first is not None
    assert second is not None
    assert retry.due(10) is None


def test_recent_tokens_are_known_and_old_ones_forgotten() -> None:
    recent = wire.Recent(2)
    for token in (5, 6, 7):
        recent.add(token)
    assert recent.seen(6)
    assert recent.seen(7)
    assert not recent.seen(5)
