"""What a station's inputs and modules said last; one object between its board and its channel."""

from protocol import wire

TEXT_SIZE = 16


class Station:
    """By quantity code: `values` (None is silent or absent) and `steps` (which change is news).

    `text` is what a sign has to show; `switched` tells that there is a contactor.
    """

    def __init__(self) -> None:
        self.values: list[int | None] = [None] * len(wire.QUANTITY_NAMES)
        self.steps = [1] * len(wire.QUANTITY_NAMES)
        self.text = b""
        self.switched = False
