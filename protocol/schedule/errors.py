"""What can be wrong with the bytes of a table or a zone."""


class ScheduleError(Exception):
    """Bytes that are refused: `reason` is one word such as "order", `detail` what was found."""

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(reason + (": " + detail if detail else ""))
        self.reason = reason
        self.detail = detail
