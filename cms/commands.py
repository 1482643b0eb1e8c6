"""How far a command has come, lamp by lamp: asked, sent, acknowledged, seen in the light.

A stage is only ever reached by what came back: sent by the gateway's answer, acknowledged when the
lamp's target names this command, seen when the measured power agrees with it. An override is
pending until a lamp has acknowledged it, active until it expires or is released.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .assets import Device

ASKED, SENT, ACKNOWLEDGED, SEEN = 0, 1, 2, 3
STAGES = ("asked", "sent", "acknowledged", "seen")
RANKS = ("ordinary", "event", "maintenance", "emergency")
LIVING = ("pending", "active")
REPLACED = "replaced"  # A newer override of the same rank has taken the lamp over.
# A meter's error and a driver's curve; more than that is another level.
LIGHT_ERROR_PERCENT = 4.0


def reference(rank: str, override_id: str) -> str:
    """What a command is known by at the gateway."""
    return f"{rank}:{override_id}"


def override_of(ref: object) -> str | None:
    """The override that a reference names; None when it is no override of ours."""
    if not isinstance(ref, str) or ref.partition(":")[0] not in RANKS:
        return None
    return ref.partition(":")[2] or None


def stage_of(
    stage: int, body: Mapping[str, Any], device: Device, light_percent: float | None
) -> int:
    """The stage that an override has reached at a lamp."""
    ref = reference(str(body["rank"]), str(body["id"]))
    target = device.value("lamp.targetLightCommand")
    if not isinstance(target, Mapping) or target.get("ref") != ref:
        return stage
    reached = max(stage, ACKNOWLEDGED)
    effect = device.value("lamp.feedbackLightCommand")
    in_effect = isinstance(effect, Mapping) and effect.get("ref") == ref
    if not in_effect or light_percent is None:
        return reached
    agrees = abs(light_percent - float(body["level_percent"])) <= LIGHT_ERROR_PERCENT
    return SEEN if agrees else reached


def why(stage: int, body: Mapping[str, Any], device: Device) -> str | None:
    """What keeps a lamp from following; None when nothing is known to."""
    target = device.value("lamp.targetLightCommand")
    ref = target.get("ref") if isinstance(target, Mapping) else None
    own = reference(str(body["rank"]), str(body["id"]))
    same_rank = isinstance(ref, str) and ref.partition(":")[0] == body["rank"]
    if stage >= ACKNOWLEDGED and same_rank and ref != own:
        return REPLACED
    if stage == SEEN:
        return None
    if device.value("node.contact") == "silent":
        return "silent"
    rank = device.value("node.overrideRank")
    if stage == SENT and rank in RANKS and RANKS.index(rank) > RANKS.index(str(body["rank"])):
        return "outranked"
    if "lamp_failure" in device.faults:
        return "lamp_failure"
    return None


def override_state(
    state: str, lamps: Sequence[tuple[int, str | None]], now_ms: int, expires_ms: int
) -> str:
    """The state of an override from its lamps' (stage, why)."""
    if state not in LIVING:
        return state
    if now_ms >= expires_ms:
        return "expired"
    if lamps and all(why == REPLACED for _, why in lamps):
        return "released"
    stages = [stage for stage, _ in lamps]
    return "active" if any(stage >= ACKNOWLEDGED for stage in stages) else "pending"


def counts(stages: Sequence[int]) -> dict[str, int]:
    """How many lamps have come at least so far."""
    return {name: sum(stage >= index for stage in stages) for index, name in enumerate(STAGES)}


def stored(device: Device, calendar_id: str, created_ms: int) -> bool:
    """Whether a lamp's or cabinet's node holds the table of the calendar it was given then."""
    found = device.newest.get("lamp.calendarID") or device.newest.get("contactor.calendarID")
    if not found or found[0] != calendar_id or found[1] < created_ms:
        return False
    wanted = device.value("node.scheduleDigestWanted")
    return bool(wanted) and device.value("node.scheduleDigest") == wanted


def assignment_state(stages: Sequence[int], failed: int) -> str:
    """pending, done or partly: what was reached, failures apart."""
    done = sum(stage >= ACKNOWLEDGED for stage in stages)
    if done == len(stages):
        return "done"
    return "partly" if failed and done + failed == len(stages) else "pending"
