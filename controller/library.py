"""What a CMS keeps at the gateway: every collection by one way, judged whole before it changes.

Every method raises talq.TalqError and has then changed nothing (T9). Programs and calendars are
compiled for the nodes before they are taken; loggers are worked out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from protocol import talq, wire
from protocol.schedule import planning

from . import compile as compiler
from .announce import GROUP_SIZE_MAX
from .attachment import Attachment
from .devices import Device
from .effects import Now
from .gateway import Gateway
from .loggers import EVENT, ON_CHANGE, PERIODIC, Logger, logger_of

_MODES = (EVENT, PERIODIC, ON_CHANGE)
Body = dict[str, Any]


class Library:
    """The resources of one CMS."""

    def __init__(self, gateway: Gateway, cms: str) -> None:
        self._gateway = gateway
        self._cms = cms

    @property
    def own(self) -> Attachment:
        """What this CMS gave us."""
        return self._gateway.attachment(self._cms)

    def put(self, collection: str, bodies: list[Body], new: bool, now: Now) -> None:
        """Add or replace resources; `new`: none of them may be there already."""
        catalogue = self.own.catalogue
        table = catalogue.tables[collection]
        before = dict(table)
        work = catalogue.add if new else catalogue.replace
        changes = work(collection, bodies)
        try:
            loggers = self._judge(collection, bodies)
        except talq.TalqError:
            table.clear()
            table.update(before)
            raise
        self._store(changes)
        for logger in loggers:
            self.own.loggers[logger.address] = logger
            logger.recording = self._gateway.may_record(logger, now.domain_s)
            self._gateway.records.all(self._cms, logger)
        if collection in ("control-programs", "calendars"):
            self._recompile(now)

    def remove(self, collection: str, address: str) -> Body:
        """Take one away; refused while something refers to it (D8)."""
        body, changes = self.own.catalogue.remove(collection, address)
        self._store(changes)
        if collection == "logger-configs":
            self.own.loggers.pop(address, None)
        return body

    def add_members(self, group: str, members: list[Body], now: Now) -> list[Body]:
        """Add members to a group; those it has already stay once (G1)."""
        body = self.own.catalogue.get("groups", group)
        found = {_key(member): member for member in [*body["members"], *members]}
        self.put("groups", [{**body, "members": list(found.values())}], False, now)
        return members

    def remove_member(self, group: str, resource: str, address: str, now: Now) -> Body:
        """Take one member out of a group. TalqError 404 when it is not in it."""
        body = self.own.catalogue.get("groups", group)
        for member in body["members"]:
            if _key(member) == (resource, address):
                kept = [one for one in body["members"] if one is not member]
                self.put("groups", [{**body, "members": kept}], False, now)
                return dict(member)
        raise talq.not_here("member", f"{resource}/{address}")

    def forget(self) -> None:
        """Resync (B7): forget all that this CMS gave us."""
        self._gateway.attachments.pop(self._cms, None)
        self._gateway.effects.store("cms_forgotten", self._cms)
        self._gateway.effects.bootstrap.append(self._cms)

    def compiled(self, device: Device, now: Now) -> None:
        """Give the node of a lamp the table of its calendar."""
        calendar = self.own.calendars.get(device.calendar_id)
        inputs = compiler.Numbering(device.address, self._gateway.devices)
        table = compiler.table_of(calendar, self.own.programs, inputs)
        self._gateway.schedule(device, table, now)
        self._gateway.inputs.follow(device.address, inputs.sources)
        held = device.node.uploads
        upload = next((u for u in held.values() if u.content == table), None)
        if upload is not None and upload.stored and device.calendar_origin:
            patch = (device.cms, device.calendar_origin, device.address)
            self._gateway.effects.patches.append(patch)
            device.calendar_origin = ""

    def compile_all(self, now: Now) -> None:
        """After a start: what lamps listen to, and tables that an earlier version compiled."""
        for device in self._gateway.devices.values():
            held = device.node.uploads.get(wire.UPLOAD_SCHEDULE)
            old = held is not None and not compiler.is_current(held.content)
            known = device.calendar_id in self.own.calendars or (old and not device.calendar_id)
            if device.cms != self._cms or not known:
                continue
            try:
                self.compiled(device, now)
            except (compiler.NotForNodesError, planning.PlanningError) as error:
                # It was taken once: as it is, until the CMS sends another, which it is told (D9).
                self._gateway.invalid(device, str(error), now)

    def _recompile(self, now: Now) -> None:
        """A calendar or program changed: lamps that follow it get a new table.

        A calendar that is not here comes after a resync; its lamps keep their table till then.
        """
        for device in self._gateway.devices.values():
            if device.cms == self._cms and device.calendar_id in self.own.calendars:
                self.compiled(device, now)

    def _store(self, changes: list[talq.Change]) -> None:
        for collection, address, body in changes:
            if body is None:
                self._gateway.effects.store("resource_gone", self._cms, collection, address)
            else:
                kept = talq.encode(body)
                self._gateway.effects.store("resource", self._cms, collection, address, kept)

    def _judge(self, collection: str, bodies: list[Body]) -> list[Logger]:
        """Refuse what we could not do; the loggers among the bodies, worked out."""
        if collection == "logger-configs":
            return [self._logger(body) for body in bodies]
        if collection == "groups":
            for body in bodies:
                if len(body["members"]) > GROUP_SIZE_MAX:
                    text = f"at most {GROUP_SIZE_MAX} members"
                    raise talq.TalqError(422, "serviceConstraintExceeded", text, "members")
        devices = self._gateway.devices
        if collection == "control-programs":
            for body in bodies:
                _for_nodes(compiler.program_of, body, compiler.Numbering("", devices))
        if collection in ("control-programs", "calendars"):
            for calendar in self.own.calendars.values():
                inputs = compiler.Numbering("", devices)
                _for_nodes(compiler.table_of, calendar, self.own.programs, inputs)
        return []

    def _logger(self, body: Body) -> Logger:
        logger = logger_of(body, self.own.groups)
        if logger.mode not in _MODES:
            raise talq.TalqError(
                422, "serviceConstraintExceeded", f"recording mode {logger.mode} is not known",
                "recordingMode.type",
            )  # fmt: skip
        if logger.active_periods:
            _for_nodes(self._gateway.may_record, logger, 0.0)
        return logger


def _key(member: Mapping[str, Any]) -> tuple[str, str]:
    return str(member["resource"]).strip("/"), str(member["address"])


def _for_nodes(work: Callable[..., object], *words: object) -> None:
    """TalqError 422 for what no node and no controller can do (C13)."""
    try:
        work(*words)
    except compiler.NotForNodesError as error:
        text = str(error)
        raise talq.TalqError(422, error.key, text, error.field) from error
    except planning.PlanningError as error:
        fault = error.faults[0]
        missing = "exists" in fault.rule
        key = "relatedResourceNotFound" if missing else "serviceConstraintExceeded"
        raise talq.TalqError(
            422, key, fault.rule, fault.field, (("control-programs", str(fault.got)),)
        ) from error
