"""What can be wrong with the bytes of a table or a zone."""


class ScheduleError(Exception):
    """Bytes that are refused; `reason` is one short word, such as "version" or "order"."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason
