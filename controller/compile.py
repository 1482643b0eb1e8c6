"""From TALQ's calendars and control programs to the table a node stores."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from protocol import plan, schedule, wire
from protocol.schedule import planning

from .programs import PERIODS_MAX, STEPS_MAX, calendar_of, level_of, program_of, ramps_of
from .sources import NotForNodesError, Numbering

# Names that others take from here: one door for what nodes can do.
__all__ = [
    "NO_CALENDAR",
    "PERIODS_MAX",
    "PROGRAMS_PER_CALENDAR_MAX",
    "STEPS_MAX",
    "NotForNodesError",
    "Numbering",
    "calendar_of",
    "configuration",
    "digest",
    "is_current",
    "level_of",
    "program_of",
    "ramps_of",
    "table_of",
]

PROGRAMS_PER_CALENDAR_MAX = 32

# A table without programs: the lamp is lit.
NO_CALENDAR = planning.compile_table(planning.Calendar("none"), {})
# An override that nobody ends is forgotten after a day: a street must not depend on a memory.
OVERRIDE_LIFE_S = 86_400
STANDBY_S = 60
# Off its type's curve by more than this, a lamp's power is told.
TOLERANCE_PERCENT = 30
# EN 50160: 230 V by at most a tenth.
VOLTAGE_MIN_DV, VOLTAGE_MAX_DV = 2070, 2530
DERATE_DC = 750  # Electronics for 85 °C keep ten degrees of it.
NEAR_PERCENT, NEAR_HOLD_S = 80, 30
_POWER_AT_PERCENT = (0, 10, 20, 35, 50, 65, 80, 100)  # As wire.Configuration has it.
LAMP_FAILURE_S = 8  # A lamp without power for so long has failed; switching takes milliseconds.


def digest(content: bytes) -> bytes:
    """What a content is known by on the wire."""
    return hashlib.sha256(content).digest()[:8]


def configuration(
    asset: plan.Asset,
    site: plan.Plan,
    zone: bytes,
    *,
    heartbeat_s: int,
    fade_s: int,
    wanted: tuple[int, int] = (100, 0),
) -> bytes:
    """The configuration of an asset's node.

    `wanted` by operators: level without program in percent, longest stay in minutes (0: any).
    """
    lamp = site.lamp_type(asset) if asset.lamp_type_id else None
    return wire.encode_configuration(
        wire.Configuration(
            lat_e5=round(asset.lat * 100000), lon_e5=round(asset.lon * 100000),
            heartbeat_s=heartbeat_s, floor_percent=lamp.floor_percent if lamp else 0,
            default_percent=wanted[0],
            fade_ds=fade_s * 10, lamp_failure_s=LAMP_FAILURE_S, zone=zone,
            stay_max_min=min(wanted[1], 65535), override_life_s=OVERRIDE_LIFE_S,
            **(_of_lamp(lamp, site.feeder(asset.feeder_id)) if lamp else {
                "permanent": int(asset.kind == "cabinet"),
            }),
        )
    )  # fmt: skip


def _of_lamp(lamp: plan.LampType, feeder: plan.Feeder) -> dict[str, Any]:
    """What a node knows of its lamp and of the cable that feeds it."""
    parts = (round(lamp.power_w(at) / lamp.power_w_max * 200) for at in _POWER_AT_PERCENT)
    return {
        "power_max_mw": round(lamp.power_w_max * 1000),
        "power_parts": bytes(min(part, 255) for part in parts),
        "curve": int(lamp.logarithmic), "lowest_percent": lamp.lowest_percent,
        "clo_start_percent": lamp.clo_start_percent,
        "clo_end_100h": min(lamp.clo_hours // 100, 65535),
        "standby_s": STANDBY_S, "tolerance_percent": TOLERANCE_PERCENT, "derate_dc": DERATE_DC,
        "voltage_min_dv": VOLTAGE_MIN_DV, "voltage_max_dv": VOLTAGE_MAX_DV,
        "near_percent": NEAR_PERCENT, "near_hold_s": NEAR_HOLD_S,
        "feeder_on_min": feeder.switching.on_offset_min,
        "permanent": int(feeder.switching.always_on),
    }  # fmt: skip


def table_of(
    calendar: Mapping[str, Any] | None,
    programs: Mapping[str, Mapping[str, Any]],
    inputs: Numbering | None = None,
) -> bytes:
    """The table of a TALQ calendar; None: no calendar, the lamp is lit.

    NotForNodesError, planning.PlanningError. `inputs` numbers what the lamp listens to.
    """
    if calendar is None:
        return NO_CALENDAR
    inputs = inputs if inputs is not None else Numbering()
    form = calendar_of(calendar)
    wanted = planning.program_indices(form)
    if len(wanted) > PROGRAMS_PER_CALENDAR_MAX:
        raise NotForNodesError("rules", f"more than {PROGRAMS_PER_CALENDAR_MAX} programs")
    return planning.compile_table(
        form, {name: program_of(programs[name], inputs) for name in wanted if name in programs}
    )


def is_current(table: bytes) -> bool:
    """Whether a table that was stored earlier is of the version that nodes read."""
    return table[:1] == bytes((schedule.TABLE_VERSION,))
