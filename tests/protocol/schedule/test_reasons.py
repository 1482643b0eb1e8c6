"""The numbers of reasons here and on the wire."""

from protocol import wire
from protocol.schedule import reasons


def test_reasons_have_the_numbers_of_the_wire() -> None:
    assert wire.REASON_NAMES[: len(reasons.REASON_NAMES)] == reasons.REASON_NAMES
    for name in reasons.REASON_NAMES:
        assert reasons.REASON_NAMES[getattr(reasons, name.upper())] == name
