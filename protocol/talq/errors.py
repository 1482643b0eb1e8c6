"""What goes wrong in TALQ, with the HTTP status it has and the body that tells it (T7, T8)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import msgspec

# The keys that version 2.7.1 names, with the status that we answer for each by default.
KEY_STATUS = {
    "headerMissing": 400,
    "headerValueNotValid": 400,
    "parameterMissing": 400,
    "parameterValueNotValid": 400,
    "payloadError": 400,
    "resourceNotFound": 404,
    "resourceConflict": 409,
    "relatedResourceNotFound": 422,
    "deletingResourceIsReferred": 422,
    "serviceConstraintExceeded": 422,
    "assignmentEntityNotValid": 422,
    "assignmentAddressNotValid": 422,
    "overrideCommandNotValid": 422,
    "overrideAddressNotValid": 422,
    "genericError": 500,
}

# What a fault is about: (resource, address), as a ResourceReference has them.
Reference = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong: field is a dotted path into the body or the name of a parameter."""

    status: int
    key: str
    description: str
    field: str = ""
    references: tuple[Reference, ...] = ()


class TalqError(Exception):
    """A refused request: HTTP status, key of the protocol, what is wrong, and where."""

    def __init__(
        self,
        status: int,
        key: str,
        description: str,
        field: str = "",
        references: tuple[Reference, ...] = (),
    ) -> None:
        if key not in KEY_STATUS:
            raise ValueError(f"{key!r} is no key of a TALQ error")
        super().__init__(f"{field}: {description}" if field else description)
        self.faults: tuple[Fault, ...] = (Fault(status, key, description, field, references),)

    @classmethod
    def of(cls, faults: Iterable[Fault]) -> TalqError:
        """One error for several faults; a 400 among them makes the whole a 400."""
        ordered = sorted(faults, key=lambda fault: fault.status)
        first = ordered[0]
        error = cls(first.status, first.key, first.description, first.field, first.references)
        error.faults = tuple(ordered)
        return error

    @property
    def status(self) -> int:
        """The HTTP status to answer with."""
        return self.faults[0].status

    @property
    def key(self) -> str:
        """The key of the first fault."""
        return self.faults[0].key

    @property
    def description(self) -> str:
        """What is wrong first, in words."""
        return self.faults[0].description

    @property
    def field(self) -> str:
        """Where the first fault is."""
        return self.faults[0].field


def not_here(kind: str, address: str) -> TalqError:
    """404 for a resource that is not there."""
    return TalqError(404, "resourceNotFound", f"no {kind} {address!r}")


def error_body(errors: Iterable[TalqError | Fault]) -> bytes:
    """The JSON list of TALQErrorMessage for these errors, as an answer's body."""
    messages = []
    for error in errors:
        for fault in error.faults if isinstance(error, TalqError) else (error,):
            said = f"{fault.field}: {fault.description}" if fault.field else fault.description
            message: dict[str, object] = {"key": fault.key, "description": said}
            if fault.references:
                message["references"] = [
                    {"address": {"resource": resource, "address": address}}
                    for resource, address in fault.references
                ]
            messages.append(message)
    return msgspec.json.encode(messages)
