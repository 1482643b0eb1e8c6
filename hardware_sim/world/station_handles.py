"""The handles of cabinets, air stations and signs."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import asdict, replace

from starlette.requests import Request

from .bodies import BadHandleError, told
from .stations import AIR, BROKEN, CHIPS, HANDS, OVERFULL
from .street import Street

_CABINET_FLAGS = ("door_open", "breaker_tripped")


class StationHandles:
    """One method for each handle; `now_s` tells the world's time."""

    def __init__(self, street: Street, now_s: Callable[[], float]) -> None:
        self._street = street
        self._now_s = now_s

    async def cabinet(self, request: Request) -> object:
        """Read a cabinet; PUT {"door_open": …, "breaker_tripped": …, "hand": "on|off|auto"}."""
        name, stations = request.path_params["id"], self._street.stations
        if name not in stations.cabinets:
            raise BadHandleError(404, f"no cabinet {name!r}")
        if request.method == "PUT":
            state = stations.cabinets[name]
            for key, value in (await told(request)).items():
                good = value in HANDS if key == "hand" else isinstance(value, bool)
                if key == "contactor_stuck":
                    good = value is None or isinstance(value, bool)
                elif key != "hand" and key not in _CABINET_FLAGS:
                    good = False
                if not good:
                    raise BadHandleError(422, f"{key} cannot be {value!r}")
                state = replace(state, **{key: value})
            stations.cabinets[name] = state
            self._street.step(self._now_s())
        return {**asdict(stations.cabinets[name]), "contactor_closed": stations.closed(name)}

    async def air(self, request: Request) -> object:
        """What air stations measure; PUT {"pm2_5": 12.0, …}, null gives a value back.

        `overfull` is the gully's switch; `broken` lists chips that are: "climate", "particles",
        "noise", or "checksums" for particles whose frames are torn.
        """
        stations = self._street.stations
        if request.method == "PUT":
            said = await told(request)
            broken = said.pop(BROKEN, stations.broken)
            if not isinstance(broken, list) or any(
                not isinstance(name, str) or name not in CHIPS for name in broken
            ):
                raise BadHandleError(422, f"{BROKEN} is a list of {', '.join(CHIPS)}")
            for key, value in said.items():
                number = isinstance(value, (int, float)) and not isinstance(value, bool)
                good = value is None or (number and math.isfinite(value)) if key in AIR else False
                if not good and not (key == OVERFULL and isinstance(value, bool)):
                    raise BadHandleError(422, f"{key} cannot be {value!r}")
            stations.broken = [name for name in CHIPS if name in broken]
            stations.overfull = bool(said.pop(OVERFULL, stations.overfull))
            forced = {**stations.air, **said}
            stations.air = {k: float(v) for k, v in forced.items() if v is not None}
            self._street.step(self._now_s())
        now_s = self._now_s()
        measured = {name: round(stations.measured(name, now_s), 6) for name in AIR}
        return {**measured, OVERFULL: stations.overfull, BROKEN: stations.broken}

    async def sign(self, request: Request) -> object:
        """What a sign shows."""
        text = self._street.stations.sign_text(request.path_params["id"])
        if text is None:
            raise BadHandleError(404, f"no sign {request.path_params['id']!r}")
        return {"text": text}
