"""Which operations each side's server has, whole; routes, documents and clients come from here."""

from __future__ import annotations

import re
from functools import cache
from typing import Any, NamedTuple

from . import tables


class Parameter(NamedTuple):
    """A query parameter of one operation; `[string]` may come several times."""

    type: str
    name: str


class Answer(NamedTuple):
    """A status with the kind of its body, if it has one; paged: with the paging headers."""

    status: int
    kind: str | None
    paged: bool


class Operation(NamedTuple):
    """One operation of a server. request and response are kinds for `decode`, or None."""

    side: str
    method: str
    path: str
    operation_id: str
    request: str | None
    response: str | None
    statuses: tuple[int, ...]
    answers: tuple[Answer, ...]
    query: tuple[Parameter, ...]
    must: tuple[str, ...]

    @property
    def partial(self) -> bool:
        """Whether the body shows only what changes."""
        return self.method == "PATCH"

    @property
    def caused(self) -> bool:
        """Whether it carries talqRequestId and may carry talqOriginRequestId."""
        return self.method != "GET"

    @property
    def success(self) -> int:
        """The status of a request that was carried out at once."""
        return self.statuses[0]

    @property
    def parameters(self) -> tuple[str, ...]:
        """Names of the parameters in the path."""
        return tuple(re.findall(r"{(\w+)}", self.path))


@cache
def operations(side: str) -> tuple[Operation, ...]:
    """All official operations of the server of "cms" or "gateway"."""
    return tuple(
        _operation(side, name, row) for name, row in tables.rows_of_operations(side).items()
    )


def _operation(side: str, name: str, row: dict[str, Any]) -> Operation:
    answers = tuple(_answer(text) for text in row["statuses"])
    response = next((a.kind for a in answers if a.status < 300 and a.kind), None)
    query = (Parameter(*text.split(" ", 1)) for text in row.get("query", ()))
    return Operation(
        side,
        row["method"],
        row["path"],
        name,
        row.get("request"),
        response,
        tuple(answer.status for answer in answers),
        answers,
        tuple(query),
        tuple(row.get("must", ())),
    )


def _answer(text: str) -> Answer:
    code, *words = text.split(" ")
    paged = "paged" in words
    kinds = [word for word in words if word != "paged"]
    return Answer(int(code), kinds[0] if kinds else None, paged)
