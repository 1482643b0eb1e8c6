"""Receipts of nodes that left a bench: planned until their node says hello, then installed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .assets import Device

PLANNED, INSTALLED = "planned", "installed"
STATES = (PLANNED, INSTALLED)


def state(row: Mapping[str, Any], device: Device | None) -> str:
    """Installed once its node was heard: since the receipt came (imported_ms), or it is now."""
    reported_s = device.reported_s() if device else None
    if device is None or reported_s is None:
        return PLANNED
    in_touch = device.value("node.contact") == "ok"
    return INSTALLED if in_touch or reported_s * 1000 >= row["imported_ms"] else PLANNED


def told(
    row: Mapping[str, Any],
    now_state: str,
    imported_at: str | None,
    planned: tuple[float | None, float | None] = (None, None),
) -> dict[str, Any]:
    """A receipt of the API. planned: where the plan has its asset, for one without a position."""
    body = row["body"]
    place = body.get("position") or dict(zip(("lat", "lon"), planned, strict=True))
    return {
        "id": row["node_id"], "asset_id": row["asset_id"], "state": now_state,
        "imported_at": imported_at, "lat": place.get("lat"), "lon": place.get("lon"),
        **{
            name: body.get(name)
            for name in ("mac", "serial", "kind", "chip", "versions", "checks", "passed",
                         "flashed_at", "laptop", "batch_id", "photo")
        },
    }  # fmt: skip
