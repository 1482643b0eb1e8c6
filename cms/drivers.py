"""What a lamp's DALI driver holds, as the API tells it, out of the newest values.

Our gateways tell it as attributes `driver…` of the vendor function and three of the lamp monitor's
(protocol/talq/README.md); of a stranger's gateway there may be those three.
"""

from __future__ import annotations

import re
from typing import Any

from .assets import Device
from .site import Site

_VENDOR = "node.driver"
_MONITORED = {
    "monitor.apparentPower": "apparent_power_va",
    "monitor.powerFactor": "power_factor",
    "monitor.switchOnCounter": "light_starts",
}
# The same for the loggers of gateways.
MONITORED = tuple(key.split(".")[1] for key in _MONITORED)
_WORD = re.compile(r"[A-Z][a-z]*|\d+")


def driver(site: Site, asset_id: str, device: Device | None, now_s: float) -> dict[str, Any]:
    """The values that were told, and when the newest was read; none where no driver told any."""
    values: dict[str, Any] = {}
    times_ms: list[int] = []
    for key, (value, at_ms, *_) in (device.newest if device else {}).items():
        name = _MONITORED.get(key, "")
        if key.startswith(_VENDOR):
            name = "_".join(_WORD.findall(key[len(_VENDOR) :])).lower()
        if name and value is not None:
            values[name] = value
            times_ms.append(at_ms)
    reported_s = max(times_ms) / 1000 if times_ms else None
    return {
        "id": asset_id,
        "reported_at": site.rfc3339(reported_s),
        "age_s": None if reported_s is None else round(max(0.0, now_s - reported_s), 3),
        "values": dict(sorted(values.items())),
    }
