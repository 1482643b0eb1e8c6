"""The handles: what a harness does to the street and what is physically true there, over HTTP.

Served on loopback only, without rights: it exists in simulations alone. Paths may be given with or
without a leading `world/`.
"""

from __future__ import annotations

import datetime
import math
from collections.abc import Awaitable, Callable

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route

from protocol import plan, worldclock

from .bodies import BadHandleError, body, flag, told
from .nodes import Nodes
from .station_handles import StationHandles
from .street import FAULTS, Street

_FULL_LUX_MAX = 200_000.0


class Handles:
    """One method for each handle."""

    def __init__(
        self, site_plan: plan.Plan, street: Street, nodes: Nodes, clock: worldclock.WorldClock
    ) -> None:
        self._plan = site_plan
        self._street = street
        self._nodes = nodes
        self._clock = clock
        self.stations = StationHandles(street, clock.now_s)
        self._node_at: dict[str, list[int]] = {}
        for index, asset in enumerate(site_plan.assets):
            self._node_at.setdefault(asset.node_id, []).append(index)

    def _lamp(self, request: Request) -> int:
        return self._find(self._street.lamp_at, request, "lamp")

    def _find(self, known: dict[str, int], request: Request, kind: str) -> int:
        name = request.path_params["id"]
        if name not in known:
            raise BadHandleError(404, f"no {kind} {name!r}")
        return known[name]

    def _tell_lamp(self, number: int) -> dict[str, object]:
        index = self._street.lamps[number]
        return {
            "light_percent": round(float(self._street.light_percent[number]), 2),
            "power_w": round(float(self._street.power_w[number]), 3),
            "mains": bool(self._street.powered[index]),
            "node_id": self._plan.assets[index].node_id,
            "node_pid": self._nodes.pids.get(index),
            "fault": self._street.faults[number],
        }

    async def lamp(self, request: Request) -> object:
        """Read a lamp; PUT {"fault": …}."""
        number = self._lamp(request)
        if request.method == "PUT":
            fault = (await body(request, "fault"))["fault"]
            if fault is not None and fault not in FAULTS:
                raise BadHandleError(422, f"fault is null or one of {', '.join(FAULTS)}")
            self._street.faults[number] = fault
            self._street.step(self._clock.now_s())
        return self._tell_lamp(number)

    async def bay(self, request: Request) -> object:
        """Read a bay; PUT {"car": true}."""
        number = self._find(self._street.bay_at, request, "bay")
        if request.method == "PUT":
            self._street.traffic.cars[number] = await flag(request, "car")
        index = self._street.bays[number]
        return {
            "car": bool(self._street.traffic.cars[number]),
            "mains": bool(self._street.powered[index]),
            "node_id": self._plan.assets[index].node_id,
            "node_pid": self._nodes.pids.get(index),
        }

    async def feeder(self, request: Request) -> object:
        """Switch a feeder by hand; {"mains": null} gives it back to its plan."""
        name = request.path_params["id"]
        mains = self._street.mains
        if not mains.known(name):
            raise BadHandleError(404, f"no feeder {name!r}")
        if request.method == "PUT":
            value = (await body(request, "mains"))["mains"]
            if value is None:
                mains.forced.pop(name, None)
            elif isinstance(value, bool):
                mains.forced[name] = value
            else:
                raise BadHandleError(422, "mains is true, false or null")
            now_s = self._clock.now_s()
            self._street.step(now_s)
            await self._nodes.want(self._street.boards_live())
        return {"mains": mains.live(name, self._clock.now_s())}

    async def traffic(self, request: Request) -> object:
        """Stop or let go cars and people."""
        if request.method == "PUT":
            self._street.traffic.on = await flag(request, "on")
        return {"on": self._street.traffic.on}

    async def people(self, request: Request) -> object:
        """Put somebody under a lamp, or take them away."""
        number = self._lamp(request)
        if request.method == "PUT":
            self._street.traffic.forced_people[number] = await flag(request, "present")
            self._street.step(self._clock.now_s())
        return {"present": bool(self._street.traffic.present()[number])}

    async def link(self, request: Request) -> object:
        """Cut or restore the radio of a node."""
        node_id = request.path_params["id"]
        if node_id not in self._node_at:
            raise BadHandleError(404, f"no node {node_id!r}")
        pages = self._street.pages
        if request.method == "PUT":
            pages.link[self._node_at[node_id]] = int(await flag(request, "up"))
        return {"up": bool(pages.link[self._node_at[node_id][0]])}

    async def node(self, request: Request) -> object:
        """Pull a node out of its socket, or plug it in again: PUT {"plugged": false}."""
        node_id = request.path_params["id"]
        if node_id not in self._node_at:
            raise BadHandleError(404, f"no node {node_id!r}")
        indices = set(self._node_at[node_id])
        pulled = self._street.pulled
        if request.method == "PUT":
            plugged = await flag(request, "plugged")
            self._street.pulled = pulled - indices if plugged else pulled | indices
            await self._nodes.want(self._street.boards_live())
        return {"plugged": not indices & self._street.pulled}

    async def photocell(self, request: Request) -> object:
        """Shade or light up a lamp's photocell; null: the sky."""
        number = self._lamp(request)
        if request.method == "PUT":
            lux = (await body(request, "lux"))["lux"]
            if lux is None:
                self._street.lux_forced.pop(number, None)
            elif isinstance(lux, bool) or not isinstance(lux, (int, float)):
                raise BadHandleError(422, "lux is a number or null")
            elif not 0 <= lux <= _FULL_LUX_MAX:
                raise BadHandleError(422, f"lux is 0 to {_FULL_LUX_MAX:g}")
            else:
                self._street.lux_forced[number] = float(lux)
            self._street.step(self._clock.now_s())
        return {"lux": int(self._street.pages.lux_x10[self._street.lamps[number]]) / 10}

    async def clock(self, request: Request) -> object:
        """What time it is; PUT {"speed": 600}, or {"now": a later time as RFC 3339}."""
        if request.method == "PUT":
            said = await told(request)
            now_s = self._clock.now_s()
            if "now" in said:
                now_s = _later(said["now"], now_s)
            elif "speed" not in said:
                raise BadHandleError(422, 'expected {"speed": …} or {"now": …}')
            speed = said.get("speed", self._clock.speed())
            good = isinstance(speed, (int, float)) and not isinstance(speed, bool)
            if not good or not math.isfinite(speed) or not 0 < speed <= worldclock.SPEED_MAX:
                raise BadHandleError(422, f"speed is above 0 and at most {worldclock.SPEED_MAX:g}")
            self._clock.set(now_s, float(speed))
        return {"now": rfc3339(self._clock.now_s()), "speed": self._clock.speed()}

    async def history(self, request: Request) -> object:
        """When a lamp's light changed."""
        name = request.query_params.get("lamp", "")
        if name not in self._street.lamp_at:
            raise BadHandleError(404, f"no lamp {name!r}")
        history = self._street.history[self._street.lamp_at[name]]
        return [{"at": rfc3339(at), "light_percent": round(level, 2)} for at, level in history]


def _later(said: object, now_s: float) -> float:
    """A time that is not before now, POSIX seconds; BadHandleError."""
    try:
        at = datetime.datetime.fromisoformat(str(said))
    except ValueError:
        at = None
    if at is None or at.tzinfo is None or at.timestamp() < now_s:
        raise BadHandleError(422, "now is a time with its offset that is not before the world's")
    return at.timestamp()


def rfc3339(at_s: float) -> str:
    """Simulated POSIX seconds as RFC 3339 in UTC with milliseconds."""
    moment = datetime.datetime.fromtimestamp(at_s, datetime.UTC)
    return moment.isoformat(timespec="milliseconds")


def _answer(handle: Callable[[Request], Awaitable[object]]) -> Callable[..., Awaitable[Response]]:
    async def answer(request: Request) -> Response:
        try:
            return JSONResponse(await handle(request))
        except BadHandleError as error:
            return JSONResponse({"error": str(error)}, status_code=error.status)

    return answer


def application(handles: Handles) -> Starlette:
    """The ASGI application."""
    both = ["GET", "PUT"]
    routes = [
        Route("/lamps/{id}", _answer(handles.lamp), methods=both),
        Route("/bays/{id}", _answer(handles.bay), methods=both),
        Route("/feeders/{id}", _answer(handles.feeder), methods=both),
        Route("/traffic", _answer(handles.traffic), methods=both),
        Route("/people/{id}", _answer(handles.people), methods=both),
        Route("/links/{id}", _answer(handles.link), methods=both),
        Route("/nodes/{id}", _answer(handles.node), methods=both),
        Route("/photocell/{id}", _answer(handles.photocell), methods=both),
        Route("/cabinets/{id}", _answer(handles.stations.cabinet), methods=both),
        Route("/air", _answer(handles.stations.air), methods=both),
        Route("/signs/{id}", _answer(handles.stations.sign), methods=["GET"]),
        Route("/clock", _answer(handles.clock), methods=both),
        Route("/history", _answer(handles.history), methods=["GET"]),
    ]
    return Starlette(routes=[Mount("/world/world", routes=routes),
                             Mount("/world", routes=routes), *routes])  # fmt: skip
