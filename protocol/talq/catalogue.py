"""The resources that one peer has been sent or has sent: added, replaced, removed, all or nothing.

One implementation for every collection of resources.py. A request either changes everything it
names or raises TalqError and changes nothing (T9). What other resources (devices) there are is
asked of the `others` it is given.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from .errors import Fault, TalqError, not_here
from .resources import COLLECTIONS, Reference, device_of, references

Body = dict[str, Any]
# A fault that names what refers to something lists so many at most.
_REFERRERS_MAX = 20


class Change(NamedTuple):
    """One resource as it is now; body is None when it is gone."""

    collection: str
    address: str
    body: Body | None


class Others(NamedTuple):
    """What a catalogue is told of the resources it does not hold.

    exists(resource, address): whether there is such a one. referrers(resource, address): who of
    those refers to it, as (resource, address).
    """

    exists: Callable[[str, str], bool]
    referrers: Callable[[str, str], Iterable[tuple[str, str]]]


class Catalogue:
    """Resources by collection and address; limits: how many of a collection there may be."""

    def __init__(self, others: Others, limits: Mapping[str, int] | None = None) -> None:
        self.tables: dict[str, dict[str, Body]] = {path: {} for path in COLLECTIONS}
        self._others = others
        self._limits = dict(limits or {})

    def get(self, collection: str, address: str) -> Body:
        """One resource. TalqError 404."""
        body = self.tables[collection].get(address)
        if body is None:
            raise not_here(COLLECTIONS[collection].schema, address)
        return body

    def add(self, collection: str, bodies: list[Body]) -> list[Change]:
        """New ones. TalqError 409 for one that is here, 422 for what it cannot refer to."""
        here = self.tables[collection]
        known = [k for k in self._addresses(collection, bodies) if k in here]
        if known:
            refs = tuple((collection, key) for key in known[:_REFERRERS_MAX])
            raise TalqError(409, "resourceConflict", f"{known[0]!r} is here already", "", refs)
        most = self._limits.get(collection)
        if most is not None and len(here) + len(bodies) > most:
            raise TalqError(
                422, "serviceConstraintExceeded", f"at most {most} {collection} are kept here"
            )
        return self._put(collection, bodies)

    def replace(self, collection: str, bodies: list[Body]) -> list[Change]:
        """Ones that are here already. TalqError 404 or 422."""
        here = self.tables[collection]
        for address in self._addresses(collection, bodies):
            if address not in here:
                raise not_here(COLLECTIONS[collection].schema, address)
        return self._put(collection, bodies)

    def remove(self, collection: str, address: str) -> tuple[Body, list[Change]]:
        """Take one away. TalqError 404, 422 while something refers to it (D8)."""
        body = self.get(collection, address)
        users = tuple(self.referrers(collection, address))[:_REFERRERS_MAX]
        if users:
            raise TalqError(
                422, "deletingResourceIsReferred", f"{address!r} is referred to", "", users
            )
        del self.tables[collection][address]
        return body, [Change(collection, address, None)]

    def referrers(self, collection: str, address: str) -> Iterator[tuple[str, str]]:
        """Who refers to a resource: here, and among the others."""
        for path, row in COLLECTIONS.items():
            for own, body in self.tables[path].items():
                for found in references(row.schema, body):
                    if _is(found, collection, address):
                        yield path, own
                        break
        yield from self._others.referrers(collection, address)

    def exists(self, resource: str, address: str) -> bool:
        """Whether something of that resource can be referred to."""
        if resource in COLLECTIONS:
            return address in self.tables[resource]
        return self._others.exists(resource, address)

    def restore(self, collection: str, address: str, body: Body) -> None:
        """One as the store had it: nothing is judged again."""
        self.tables[collection][address] = body

    def clear(self) -> None:
        """Forget everything."""
        for table in self.tables.values():
            table.clear()

    def _addresses(self, collection: str, bodies: list[Body]) -> list[str]:
        """Their addresses. TalqError 422 when one comes twice."""
        key = COLLECTIONS[collection].key
        found = [str(body[key]) for body in bodies]
        seen: set[str] = set()
        for number, address in enumerate(found):
            if address in seen:
                raise TalqError(422, "resourceConflict", "comes twice", f"{number}.{key}")
            seen.add(address)
        return found

    def _put(self, collection: str, bodies: list[Body]) -> list[Change]:
        """Judge all as they would stand, then keep them."""
        row = COLLECTIONS[collection]
        new = {str(body[row.key]): body for body in bodies}
        faults: list[Fault] = []
        for number, body in enumerate(bodies):
            for found in references(row.schema, body):
                inside = found.resource == collection and found.address in new
                here = inside or self.exists(found.resource, found.address)
                if found.strict and not here:
                    refs = ((found.resource, found.address),)
                    faults.append(
                        Fault(422, "relatedResourceNotFound", f"no {found.address!r} is here",
                              f"{number}.{found.field}", refs)
                    )  # fmt: skip
        if collection == "groups":
            faults += _circles({**self.tables[collection], **new}, new)
        if faults:
            raise TalqError.of(faults[:_REFERRERS_MAX])
        self.tables[collection].update(new)
        return [Change(collection, address, body) for address, body in new.items()]


def _is(found: Reference, collection: str, address: str) -> bool:
    if found.resource != collection:
        return False
    return found.address == address or (
        collection == "devices" and device_of(found.address) == address
    )


def _circles(groups: Mapping[str, Body], new: Iterable[str]) -> list[Fault]:
    """Groups that would hold themselves (G1); each group is walked once."""
    faults = []
    done: set[str] = set()
    for start in new:
        # Depth first, without recursion: `path` holds what is being walked.
        path: set[str] = set()
        waiting = [(start, False)]
        while waiting:
            name, leave = waiting.pop()
            if leave:
                path.discard(name)
                done.add(name)
                continue
            if name in path:
                text = f"the group {name!r} would hold itself"
                faults.append(Fault(422, "resourceConflict", text, "", (("groups", name),)))
                break
            if name in done or name not in groups:
                continue
            path.add(name)
            waiting.append((name, True))
            waiting += [(inner, False) for inner in _inner_groups(groups[name])]
    return faults


def _inner_groups(body: Body) -> list[str]:
    return [m["address"] for m in body["members"] if m["resource"].strip("/") == "groups"]


def members(groups: Mapping[str, Body], address: str) -> list[tuple[str, str]]:
    """(resource, address) of everything in a group, groups in it opened, each once (G2)."""
    found: dict[tuple[str, str], None] = {}
    seen = {address}
    waiting = [address]
    while waiting:
        body = groups.get(waiting.pop())
        for member in body["members"] if body else ():
            resource = member["resource"].strip("/")
            if resource != "groups":
                found[(resource, member["address"])] = None
            elif member["address"] not in seen:
                seen.add(member["address"])
                waiting.append(member["address"])
    return list(found)
