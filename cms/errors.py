"""What goes wrong in the CMS: whose fault, and what was expected."""

from __future__ import annotations

from dataclasses import dataclass


class CmsError(Exception):
    """The program cannot go on; the text names what was expected."""


class SettingsError(CmsError):
    """A setting that cannot be used; names file, key and rule."""


class UsageError(SettingsError):
    """It was not said how to serve: neither TLS files nor plain HTTP (exit code 2)."""


class StoreError(CmsError):
    """The database cannot be used."""


@dataclass(frozen=True)
class Fault:
    """One thing wrong in a request: where, what is expected, what stood there."""

    field: str
    rule: str
    got: object


class RefusedError(Exception):
    """A request that is refused and changed nothing: HTTP status, title, and its faults."""

    def __init__(self, status: int, title: str, faults: tuple[Fault, ...] = ()) -> None:
        super().__init__(title)
        self.status = status
        self.title = title
        self.faults = faults


def missing(kind: str, name: str) -> RefusedError:
    """404 for something that is not there."""
    return RefusedError(404, f"No {kind} {name!r}", (Fault("id", f"a {kind} that exists", name),))


def wrong(field: str, rule: str, got: object) -> RefusedError:
    """422 for one field."""
    return RefusedError(422, f"{field}: {rule}", (Fault(field, rule, got),))
