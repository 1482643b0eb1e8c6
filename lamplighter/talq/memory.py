"""What a played side keeps of one peer, and how it answers every operation from that. Pure.

One implementation for all operations: a path names a collection, an address in it, and parts of
it. What is special has its own line in `_SPECIAL`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from uuid import uuid4

from protocol import talq

Body = dict[str, Any]
LIMIT_DEFAULT = 100
# What names one body of a collection, where it is not its `address`.
_KEYS = {
    "device-classes": "name", "services": "name", "calendars": "id", "control-programs": "id",
    "data-packages": "packageId",
}  # fmt: skip


class Memory:
    """Bodies by collection and address, of one peer; commands and reports in order."""

    def __init__(self) -> None:
        self.tables: dict[str, dict[str, Body]] = {}
        self.reports: list[Body] = []
        self.commands: list[Body] = []

    def table(self, collection: str) -> dict[str, Body]:
        """The bodies of one collection."""
        return self.tables.setdefault(collection, {})

    def answer(self, call: talq.Call) -> talq.Answer:
        """The answer to a checked request; TalqError for what does not fit what is here."""
        special = _SPECIAL.get(call.operation.operation_id)
        if special is not None:
            return special(self, call)
        collection, *rest = call.operation.path.strip("/").split("/")
        values = list(call.path.values())
        if rest == ["count"]:
            return talq.Answer(200, len(self.table(collection)))
        if not rest:
            return self._whole(collection, call)
        if rest[1:2] == ["members"]:
            return self._members(call, values)
        return self._one(collection, call, values)

    def _whole(self, collection: str, call: talq.Call) -> talq.Answer:
        here, key = self.table(collection), _KEYS.get(collection, "address")
        if call.operation.method == "GET":
            return talq.paged(call, list(here.values()), LIMIT_DEFAULT)
        bodies: list[Body] = call.body
        named = {str(body.get(key) or uuid4()): body for body in bodies}
        method = call.operation.method
        if method == "POST":
            known = tuple((collection, name) for name in named if name in here)
            if known:
                raise talq.TalqError(409, "resourceConflict", "is here already", "", known)
        for name in named:
            if method == "PATCH" and name not in here:
                raise talq.not_here(collection, name)
        for name, body in named.items():
            here[name] = merged(here[name], body) if method == "PATCH" else {**body, key: name}
        told = [here[name] for name in named]
        return talq.Answer(
            201 if method == "POST" else 200, told if call.operation.response else None
        )

    def _one(self, collection: str, call: talq.Call, values: list[str]) -> talq.Answer:
        here = self.table(collection)
        name, *inner = values
        method = call.operation.method
        if name not in here and method != "PUT":
            raise talq.not_here(collection, name)
        if inner:
            return self._part(here[name], call, inner)
        if method == "GET":
            return talq.Answer(200, here[name])
        if method == "DELETE":
            gone = here.pop(name)
            return talq.Answer(200, gone if call.operation.response else None)
        body = {**call.body, _KEYS.get(collection, "address"): name}
        here[name] = merged(here[name], body) if method == "PATCH" else body
        return talq.Answer(200, here[name] if call.operation.response else None)

    def _part(self, device: Body, call: talq.Call, inner: list[str]) -> talq.Answer:
        """A function or an attribute of a device."""
        found = dict(talq.function_of(device, inner[0]))
        if call.operation.method == "PATCH":
            body = call.body if len(inner) == 1 else {inner[1]: call.body}
            part = {"functions": [{"id": inner[0], "type": found["type"], **body}]}
            device.update(merged(device, part))
            return talq.Answer(200)
        if len(inner) == 2:
            return talq.Answer(200, dict(talq.attribute_of(found, inner[1])))
        return talq.Answer(200, dict(talq.in_scope(found, call.query.get("attributeScope"))))

    def _members(self, call: talq.Call, values: list[str]) -> talq.Answer:
        group = self.table("groups").get(values[0])
        if group is None:
            raise talq.not_here("Group", values[0])
        members: list[Body] = group.setdefault("members", [])
        if call.operation.method == "GET":
            return talq.Answer(200, len(members))
        if call.operation.method == "PUT":
            members += [one for one in call.body if one not in members]
            return talq.Answer(200, call.body)
        gone = {"resource": values[1], "address": values[2]}
        if gone not in members:
            raise talq.not_here("member", values[2])
        members.remove(gone)
        return talq.Answer(200, gone)

    def _report(self, call: talq.Call) -> talq.Answer:
        self.reports.append(call.body)
        return talq.Answer(201)

    def _command(self, call: talq.Call) -> talq.Answer:
        self.commands.append(call.body)
        return talq.Answer(call.operation.success)

    def _commands(self, call: talq.Call) -> talq.Answer:
        return talq.Answer(200, [one for one in self.commands if "entity" in one])

    def _announced(self, call: talq.Call) -> talq.Answer:
        self.tables["services"] = {body["name"]: body for body in call.body}
        return talq.Answer(201)

    def _packages(self, call: talq.Call) -> talq.Answer:
        self.table("data-packages").update({body["packageId"]: body for body in call.body})
        return talq.Answer(call.operation.success)

    def _logger(self, call: talq.Call) -> talq.Answer:
        address = call.body["address"]
        if call.operation.method == "POST" and address in self.table("logger-configs"):
            raise talq.TalqError(409, "resourceConflict", f"{address} is here already", "address")
        self.table("logger-configs")[address] = call.body
        return talq.Answer(call.operation.success)

    def _log(self, call: talq.Call) -> talq.Answer:
        address = next(iter(call.path.values()))
        if address not in self.table("logger-configs"):
            raise talq.not_here("LoggerConfig", address)
        return talq.Answer(200, {"address": address, "entries": []})

    def _logs(self, call: talq.Call) -> talq.Answer:
        return talq.Answer(200, len(self.table("logger-configs")))


_SPECIAL: dict[str, Callable[[Memory, talq.Call], talq.Answer]] = {
    "sendLogReport": Memory._report,
    "sendCommand": Memory._command,
    "assignCommand": Memory._command,
    "getAssignCommands": Memory._commands,
    "announceServices": Memory._announced,
    "upgradeDataPackages": Memory._packages,
    "addLoggerConfig": Memory._logger,
    "updateLoggerConfig": Memory._logger,
    "getLogReport": Memory._log,
    "getLogReportsCount": Memory._logs,
}


def merged(before: Mapping[str, Any], sent: Mapping[str, Any]) -> Body:
    """A device as PATCH changes it: functions by id, in them only the attributes sent (T13)."""
    functions = {one["id"]: dict(one) for one in before.get("functions") or ()}
    for one in sent.get("functions") or ():
        functions.setdefault(one["id"], {}).update(one)
    after = {**before, **{name: value for name, value in sent.items() if value is not None}}
    return {**after, "functions": list(functions.values())}
