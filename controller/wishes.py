"""What operators want of a node's configuration, of all CMSs together."""

from __future__ import annotations

import math
from collections.abc import Iterable

from .attachment import Attachment
from .devices import Device


def wanted(attachments: Iterable[Attachment], device: Device) -> tuple[int, int]:
    """Level without program in percent (C1: the lightest wins); longest stay in minutes, 0: any.

    Of several longest stays the shortest is the bay's.
    """
    levels, stays_s = [], []
    for one in attachments:
        light = one.attribute(device, "lamp", "defaultLightState")
        if light and light.get("value") is not None:
            levels.append(round(light["value"]))
        stay_s = one.attribute(device, "bay", "maxDuration")
        if stay_s:
            stays_s.append(int(stay_s))
    return max(levels, default=100), math.ceil(min(stays_s, default=0) / 60)
