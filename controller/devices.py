"""The logical devices of a site: what is asked of each, and what was last heard of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from protocol import plan, wire

from .nodes import NodeEnd
from .translate import OverrideSaid, Value, wire_time

LIFE_S_MAX = 0x3FFFFF
FORMER_MAX = 8
RANKS = wire.RANK_NAMES


@dataclass
class Override:
    """An override of one lamp and rank; times in POSIX seconds, 0.0: at once, without end.

    `number` is what the node calls it. `released`: it is to be taken away; the row goes when the
    node has said so. `former`: numbers of this rank that the node may hold instead of it, as long
    as it has not acknowledged this one; a release must name them all.
    """

    number: int
    rank: str
    level_percent: int
    starts_s: float
    expires_s: float
    ramp_ds: int
    cms_ref_id: str
    origin: str
    cms: str
    released: bool = False
    command_id: int = 0  # Under way to the node; 0: not sent since it joined.
    done: bool = False
    said_silent: bool = False
    former: tuple[int, ...] = ()
    asked_ms: int = -1  # -1: before the restart; it is counted from the next look.

    def replaces(self, before: Override) -> None:
        """It takes the place of another of its rank."""
        self.former = (before.number, *before.former)[:FORMER_MAX]

    def release_next(self) -> bool:
        """Whether the node may still hold a former one; then that is released next."""
        if not self.former:
            return False
        self.number, self.former = self.former[0], self.former[1:]
        self.released, self.done, self.command_id = True, False, 0
        return True

    def over(self, now_s: float) -> bool:
        """Whether its time has passed."""
        return bool(self.expires_s) and now_s >= self.expires_s

    def message(self, channel: int, now_s: float) -> wire.Override:
        """The command for the node."""
        if self.released:
            return wire.Override(channel, action=wire.RELEASE, override_id=self.number)
        start = wire_time(self.starts_s)[:2] if self.starts_s > now_s else (0, 0)
        expiry = wire_time(self.expires_s)[:2] if self.expires_s else (0, 0)
        life_s = 0
        if self.expires_s:
            life_s = min(LIFE_S_MAX, max(1, int(self.expires_s - now_s)))
        return wire.Override(
            channel, action=wire.SET, level_percent=self.level_percent,
            rank=RANKS.index(self.rank), ramp_ds=self.ramp_ds, start_day=start[0],
            start_second=start[1], expiry_day=expiry[0], expiry_second=expiry[1], life_s=life_s,
            override_id=self.number,
        )  # fmt: skip


@dataclass
class Device:
    """A lamp or a bay."""

    address: str
    asset: plan.Asset
    node: NodeEnd
    lamp_type: plan.LampType | None
    since_s: float = 0.0  # Since when the plan has it like that (D3), POSIX seconds.
    calendar_id: str = ""
    calendar_s: float = 0.0
    calendar_origin: str = ""
    cms: str = ""
    overrides: dict[str, Override] = field(default_factory=dict)
    values: dict[tuple[str, str], Value] = field(default_factory=dict)

    @property
    def is_lamp(self) -> bool:
        """Whether it gives light."""
        return self.asset.kind == "lamp"

    @property
    def planned(self) -> str:
        """The function that takes a calendar; none of bays, air stations and signs does."""
        return {"lamp": "lamp", "cabinet": "contactor"}.get(self.asset.kind, "")

    def said(self, number: int) -> OverrideSaid | None:
        """The override that the node names by its number."""
        for override in self.overrides.values():
            if number and override.number == number:
                return OverrideSaid(override.cms_ref_id, override.rank)
        return None

    def next_number(self) -> int:
        """A number that no override of this lamp has."""
        used = {number for o in self.overrides.values() for number in (o.number, *o.former)}
        number = max(used, default=0) % 60000 + 1
        while number in used:
            number = number % 60000 + 1
        return number

    def keep(self, values: list[Value]) -> None:
        """Remember values as the newest."""
        for value in values:
            self.values[value.place] = value

    def attribute(self, function: str, name: str) -> dict[str, Any] | None:
        """The body of the newest value of an attribute."""
        value = self.values.get((function, name))
        return value.body if value else None
