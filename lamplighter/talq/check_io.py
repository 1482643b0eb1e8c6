"""A whole check: plays one side against an endpoint and returns all rows."""

from __future__ import annotations

import ssl
import time
from collections.abc import Callable
from typing import NamedTuple

import httpx

from protocol import tls

from . import of_cms
from .of_cms_control import CmsControl
from .of_cms_data import CmsData
from .of_cms_marks import CmsMarks
from .of_gateway import SILENT, GatewayCheck
from .of_gateway_control import GatewayControl
from .of_gateway_data import GatewayData
from .of_gateway_marks import GatewayMarks
from .offer import PROFILES, offer, profiles_of
from .results import FAILED, NOT_ANNOUNCED, PASSED, Row
from .rules import RULES, group_of
from .run_io import complete, run
from .session_io import OTHER, Played
from .sides import Attached, PlayedCms, PlayedGateway, name_asset
from .wire_io import Caller, Exchange, Journal


class Wishes(NamedTuple):
    """What is checked and how. side: what we play; advertise: our base URI as others see it."""

    side: str
    url: str
    listen: tuple[str, int]
    advertise: str
    profiles: tuple[str, ...] = PROFILES
    wait_s: float = 60.0
    trust: tls.Trust | None = None
    tell: Callable[[Exchange], None] | None = None
    # For the rows that only an operator of the CMS can cause: whose asset our first device is,
    # and how long we wait for someone to use it.
    asset_id: str = ""
    operator_s: float = 0.0


class Unreachable(Exception):
    """Nothing answers at the endpoint, or nothing that speaks HTTP."""


async def find_side(wishes: Wishes) -> str:
    """Which side stands at the URL: by its document, else by which of its paths it knows.

    Raises Unreachable. Where both are possible, the other side of what we play is taken.
    """
    verify: ssl.SSLContext | bool = wishes.trust.client() if wishes.trust else True
    async with httpx.AsyncClient(verify=verify, timeout=10.0, trust_env=False) as http:
        base = wishes.url.rstrip("/")
        try:
            answer = await http.get(f"{base}/openapi.json")
            if answer.status_code == 200 and (found := _by_document(answer)):
                return found
        except httpx.HTTPError as error:
            raise Unreachable(f"{wishes.url} does not answer: {error!r}") from error
    return await _probe(base, verify) or OTHER[wishes.side]


def _by_document(answer: httpx.Response) -> str:
    try:
        paths = set(answer.json().get("paths", ()))
    except (ValueError, AttributeError):
        return ""
    if "/override-commands" in paths:
        return "gateway"
    return "cms" if "/services" in paths and "/log-reports" in paths else ""


async def _probe(base: str, verify: ssl.SSLContext | bool) -> str:
    """`/override-commands` is a gateway's alone; 404 there and not at `/services`: a CMS."""
    statuses = {}
    for side, operation in (("gateway", "sendCommand"), ("cms", "sendLogReport")):
        caller = Caller(side, base, Journal(), verify)
        try:
            reply = await caller.call(operation, content=b"{}")
        except httpx.HTTPError as error:
            raise Unreachable(f"{base} does not answer: {error!r}") from error
        finally:
            await caller.close()
        statuses[side] = reply.status
    gone = (404, 405)
    if statuses["gateway"] in gone and statuses["cms"] not in gone:
        return "cms"
    return "gateway" if statuses["cms"] in gone and statuses["gateway"] not in gone else ""


async def check_gateway(wishes: Wishes) -> list[Row]:
    """We play a CMS, and wait for the gateway to announce itself."""
    played = Played("cms", wishes.listen, Journal(wishes.tell))
    played.trust, played.url = wishes.trust, wishes.advertise
    cms = PlayedCms(played)
    try:
        await played.serve(cms.carry_out)
        await cms.recall(wishes.url)
        gateway = await played.until(lambda: _attached(cms, wishes.url), wishes.wait_s)
        if gateway is None:
            came = [one.line() for one in played.journal.incoming()][-5:]
            said = f"no bootstrap within {wishes.wait_s:.0f} s; configure {wishes.advertise} there"
            why = f"{said}; came: {came}" if came else said
            failed = Row(group_of("B1"), "B1", RULES["B1"], FAILED, why)
            return complete({"B1": failed}, dict.fromkeys(RULES, "it never attached"))
        gateway.caller.base_uri = wishes.url
        return await _gateway_rows(GatewayCheck(cms, gateway), wishes)
    finally:
        await played.close()


def _attached(cms: PlayedCms, url: str) -> Attached | None:
    """The gateway at that address, when its bootstrap has ended; else any that is the only one."""
    ready = [one for one in cms.gateways.values() if one.ready]
    named = [one for one in ready if one.uri.rstrip("/") == url.rstrip("/")]
    return named[0] if named else ready[0] if len(cms.gateways) == 1 and ready else None


async def _gateway_rows(first: GatewayCheck, wishes: Wishes) -> list[Row]:
    data, control = GatewayData(first, wishes.wait_s), GatewayControl(first)
    await data.arrived()
    found = await run(first.bootstrap())
    await first.prepare()
    checks = first.transport()
    last = {"T7": checks.pop("T7")}
    told = profiles_of(first.gateway.memory.table("services").values())
    named = tuple(name for name in wishes.profiles if name in told)
    found |= await run(data.checks())
    found |= await run(checks)
    found |= await run(control.checks())
    marked = GatewayMarks(first, named)
    by_mark = await marked.rows()
    found |= await run(data.last() | last)
    missing = [
        Row("Profiles", name, "", NOT_ANNOUNCED if name not in told else PASSED)
        for name in wishes.profiles
    ]
    return [*complete(found, SILENT), *missing, *marked.settled(by_mark)]


async def check_cms(wishes: Wishes) -> list[Row]:
    """We play a gateway."""
    played = Played("gateway", wishes.listen, Journal(wishes.tell))
    played.trust = wishes.trust
    gateway = PlayedGateway(played, wishes.advertise, wishes.url)
    made = offer(wishes.profiles, wishes.advertise, time.time())
    gateway.services, gateway.classes, gateway.devices = made
    if wishes.asset_id:
        name_asset(gateway.devices[0], wishes.asset_id)
    try:
        await played.serve(gateway.carry_out)
        return await _cms_rows(gateway, wishes)
    finally:
        await played.close()


async def _cms_rows(gateway: PlayedGateway, wishes: Wishes) -> list[Row]:
    first, data = of_cms.CmsCheck(gateway), CmsData(gateway)
    found = await run(first.bootstrap())
    if any(found[name].state == FAILED for name in ("B1", "B4")):
        return complete(found, dict.fromkeys(RULES, "the bootstrap failed"))
    checks = first.transport() | data.checks()
    # These come last: one judges all answers, the others take the attachment away.
    last = {name: checks.pop(name) for name in ("B9", "B7", "T7")}
    found |= await run(checks)
    by_mark = await CmsMarks(gateway, wishes.profiles).rows()
    if wishes.operator_s:
        came = gateway.played.journal.incoming
        await gateway.played.until(
            lambda: came("sendCommand") and came("assignCommand"), wishes.operator_s
        )
    found |= await run(CmsControl(gateway).checks())
    found |= await run(last)
    return complete(found, of_cms.SILENT) + by_mark
