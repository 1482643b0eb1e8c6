"""What a CMS asks of the gateway, judged whole before anything changes (T9).

Every method raises talq.TalqError and has then changed nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from protocol import talq
from protocol.schedule import planning

from . import compile as compiler
from . import translate
from .devices import RANKS, Device, Override
from .effects import Now
from .gateway import Attachment, Gateway
from .loggers import EVENT, ON_CHANGE, PERIODIC, logger_of

LAMP_FUNCTION = "lamp"
PROGRAMS_MAX, CALENDARS_MAX, LOGGERS_MAX = 256, 64, 16
RAMP_S_MAX = 3600.0
END_S = translate.EPOCH_S + 65536 * translate.DAY_S  # Frames count days in 16 bits.
_MODES = (EVENT, PERIODIC, ON_CHANGE)


class Control:
    """Commands of one CMS."""

    def __init__(self, gateway: Gateway, cms: str) -> None:
        self._gateway = gateway
        self._cms = cms

    @property
    def _own(self) -> Attachment:
        return self._gateway.attachment(self._cms)

    # Overrides (C9).

    def override(self, said: Mapping[str, Any], origin: str, now: Now) -> None:
        """Take or release overrides; the nodes hear of it after it is on disk."""
        devices = self._lamps(said.get("addresses") or (), "addresses", "overrideAddressNotValid")
        command = said.get("targetCommand")
        if command is None:
            for device in devices:
                self._release(device, said.get("cmsRefId"), origin, now)
            return
        rank, ref = _ranked(str(command.get("cmsRefId") or ""))
        try:
            level = compiler.level_of("targetCommand", command)
        except compiler.NotForNodesError as error:
            raise talq.TalqError(
                422, "overrideCommandNotValid", str(error), error.field
            ) from error
        starts_s, expires_s, ramp_s = _times(command, now)
        for device in devices:
            number = device.next_number()
            override = Override(
                number, rank, level, starts_s, expires_s, round(ramp_s * 10), ref, origin,
                self._cms, asked_ms=now.tick_ms,
            )  # fmt: skip
            self._keep(device, override, now)

    def _keep(self, device: Device, override: Override, now: Now) -> None:
        before = device.overrides.get(override.rank)
        if before is not None and before is not override:
            device.node.drop(before.command_id)
            override.replaces(before)
        device.overrides[override.rank] = override
        o = override
        self._gateway.effects.store(
            "override", device.address, o.rank, o.number, o.level_percent, o.starts_s, o.expires_s,
            o.ramp_ds, o.cms_ref_id, o.origin, o.cms, int(o.released),
        )  # fmt: skip
        self._gateway.push(device, now)

    def _release(self, device: Device, ref: object, origin: str, now: Now) -> None:
        for override in list(device.overrides.values()):
            if ref and override.cms_ref_id != ref:
                continue
            device.node.drop(override.command_id)
            override.released, override.done, override.command_id = True, False, 0
            override.origin, override.asked_ms = origin, now.tick_ms
            self._keep(device, override, now)

    def _lamps(self, rows: Iterable[Mapping[str, Any]], where: str, key: str) -> list[Device]:
        found: dict[str, Device] = {}
        for index, row in enumerate(rows):
            text = str(row.get("address", ""))
            address = talq.split_address(text)
            device = self._gateway.devices.get(address.device)
            field = f"{where}[{index}].address"
            if row.get("resource") != "devices" or device is None:
                raise talq.TalqError(
                    422, key, f"{text!r} is not a device here", field, (("devices", text),)
                )
            if not device.is_lamp or address.function not in ("", LAMP_FUNCTION):
                raise talq.TalqError(
                    422, key, f"{text!r} is not a lamp", field, (("devices", text),)
                )
            found[device.address] = device
        return list(found.values())

    # Calendars and programs.

    def put(self, kind: str, bodies: Sequence[Mapping[str, Any]], new: bool, now: Now) -> None:
        """Store programs or calendars; `new`: none of them may be there already."""
        table = self._table(kind)
        for index, body in enumerate(bodies):
            name = str(body["id"])
            if new and name in table:
                raise talq.TalqError(409, "resourceConflict", f"{name!r} is there already",
                                     f"[{index}].id", ((kind, name),))  # fmt: skip
            if not new and name not in table:
                raise talq.TalqError(404, "resourceNotFound", f"{name!r} is not here",
                                     f"[{index}].id", ((kind, name),))  # fmt: skip
        programs = dict(self._own.programs)
        calendars = dict(self._own.calendars)
        after = programs if kind == "control-programs" else calendars
        after.update({str(body["id"]): dict(body) for body in bodies})
        most = PROGRAMS_MAX if kind == "control-programs" else CALENDARS_MAX
        if len(after) > most:
            raise talq.TalqError(422, "serviceConstraintExceeded", f"at most {most} {kind}")
        self._check(bodies, kind, programs, calendars)
        for body in bodies:
            table[str(body["id"])] = dict(body)
            self._gateway.effects.store(
                "resource", self._cms, kind, str(body["id"]), talq.encode(body)
            )
        self._recompile(now)

    def _table(self, kind: str) -> dict[str, dict[str, Any]]:
        return self._own.programs if kind == "control-programs" else self._own.calendars

    def _check(
        self,
        bodies: Sequence[Mapping[str, Any]],
        kind: str,
        programs: dict[str, dict[str, Any]],
        calendars: dict[str, dict[str, Any]],
    ) -> None:
        """Refuse what the nodes could not do, before anything changes."""
        try:
            if kind == "control-programs":
                for body in bodies:
                    compiler.program_of(body)
            for calendar in calendars.values():
                compiler.table_of(calendar, programs)
        except compiler.NotForNodesError as error:
            raise talq.TalqError(422, "serviceConstraintExceeded", str(error), error.field) from (
                error
            )
        except planning.PlanningError as error:
            fault = error.faults[0]
            missing = "exists" in fault.rule
            key = "relatedResourceNotFound" if missing else "serviceConstraintExceeded"
            raise talq.TalqError(
                422, key, fault.rule, fault.field, (("control-programs", str(fault.got)),)
            ) from error

    def delete(self, kind: str, name: str) -> None:
        """Delete one; refused while something refers to it (D8)."""
        table = self._table(kind)
        if name not in table:
            raise talq.TalqError(404, "resourceNotFound", f"{name!r} is not here")
        users = self._users(kind, name)
        if users:
            raise talq.TalqError(
                422, "deletingResourceIsReferred", "is in use", "", tuple(users[:20])
            )
        del table[name]
        self._gateway.effects.store("resource_gone", self._cms, kind, name)

    def _users(self, kind: str, name: str) -> list[tuple[str, str]]:
        if kind == "calendars":
            devices = self._gateway.devices.values()
            ours = [d for d in devices if d.cms == self._cms and d.calendar_id == name]
            return [("devices", device.address) for device in ours]
        return [
            ("calendars", calendar_id)
            for calendar_id, body in self._own.calendars.items()
            if body.get("defaultProgram") == name
            or any(rule.get("program") == name for rule in body.get("rules") or ())
        ]

    def assign(self, said: Mapping[str, Any], origin: str, now: Now) -> None:
        """Give a calendar to lamps, or take it away (C10)."""
        entity = said.get("entity") or {}
        name = str(entity.get("address") or "")
        if entity.get("resource") != "calendars":
            raise talq.TalqError(
                422, "assignmentEntityNotValid", "only calendars are assigned here",
                "entity.resource",
            )  # fmt: skip
        if name and name not in self._own.calendars:
            raise talq.TalqError(
                422,
                "assignmentEntityNotValid",
                f"no calendar {name!r}",
                "entity.address",
                (("calendars", name),),
            )
        lamps = self._lamps(said.get("addresses") or (), "addresses", "assignmentAddressNotValid")
        for device in lamps:
            device.calendar_id, device.cms = name, self._cms
            device.calendar_s, device.calendar_origin = now.domain_s, origin
            self._gateway.effects.store(
                "assignment", device.address, self._cms, name, now.domain_s, origin
            )
            self._compiled(device, now)

    def _compiled(self, device: Device, now: Now) -> None:
        calendar = self._own.calendars.get(device.calendar_id)
        table = compiler.table_of(calendar, self._own.programs)
        held = device.node.uploads
        self._gateway.schedule(device, table, now)
        upload = next((u for u in held.values() if u.content == table), None)
        if upload is not None and upload.stored and device.calendar_origin:
            patch = (device.cms, device.calendar_origin, device.address)
            self._gateway.effects.patches.append(patch)
            device.calendar_origin = ""

    def _recompile(self, now: Now) -> None:
        """A calendar or program changed: lamps that follow it get a new table.

        A calendar that is not here comes after a resync; its lamps keep their table till then.
        """
        for device in self._gateway.devices.values():
            if device.cms == self._cms and device.calendar_id in self._own.calendars:
                self._compiled(device, now)

    # Loggers.

    def put_logger(self, body: Mapping[str, Any], new: bool) -> None:
        """Configure a logger."""
        name = str(body["address"])
        if new and name in self._own.loggers:
            raise talq.TalqError(409, "resourceConflict", f"{name!r} is there already", "address")
        if not new and name not in self._own.loggers:
            raise talq.TalqError(404, "resourceNotFound", f"{name!r} is not here", "address")
        if new and len(self._own.loggers) >= LOGGERS_MAX:
            raise talq.TalqError(
                422, "serviceConstraintExceeded", f"at most {LOGGERS_MAX} loggers"
            )
        logger = logger_of(dict(body))
        if logger.mode not in _MODES:
            raise talq.TalqError(
                422, "serviceConstraintExceeded", f"recording mode {logger.mode} is not known",
                "recordingMode.type",
            )  # fmt: skip
        self._own.loggers[name] = logger
        self._gateway.tell_all(self._cms, logger)
        self._gateway.effects.store(
            "resource", self._cms, "logger-configs", name, talq.encode(dict(body))
        )

    def delete_logger(self, name: str) -> None:
        """Forget a logger."""
        if name not in self._own.loggers:
            raise talq.TalqError(404, "resourceNotFound", f"{name!r} is not here")
        del self._own.loggers[name]
        self._gateway.effects.store("resource_gone", self._cms, "logger-configs", name)

    def forget(self) -> None:
        """Resync (B7): forget all that this CMS gave us."""
        self._gateway.attachments.pop(self._cms, None)
        self._gateway.effects.store("cms_forgotten", self._cms)
        self._gateway.effects.bootstrap.append(self._cms)


def _ranked(ref: str) -> tuple[str, str]:
    """(rank, cmsRefId) of an override's reference; ordinary without a rank word."""
    word = ref.partition(":")[0]
    return (word if word in RANKS else RANKS[0]), ref


def _times(command: Mapping[str, Any], now: Now) -> tuple[float, float, float]:
    """Start, expiry (POSIX seconds) and ramp (seconds) of a command; TalqError."""
    starts_s, expires_s = _time_s(command.get("start")), _time_s(command.get("expiration"))
    ramp_s = float(command.get("rampToLevelTime") or 0)
    said, field = "", ""
    if expires_s and expires_s <= max(starts_s, now.domain_s):
        said, field = "is over already", "expiration"
    elif max(starts_s, expires_s) >= END_S:
        field = "start" if starts_s >= END_S else "expiration"
        said = "is beyond the days that a node can count"
    elif ramp_s < 0:
        said, field = "is less than 0", "rampToLevelTime"
    if said:
        raise talq.TalqError(422, "overrideCommandNotValid", said, f"targetCommand.{field}")
    return starts_s, expires_s, min(RAMP_S_MAX, ramp_s)


def _time_s(text: object) -> float:
    """POSIX seconds of a timestamp; 0.0 when there is none."""
    return talq.read_timestamp_ms(text) / 1000 if isinstance(text, str) and text else 0.0
