"""`lamplighter talq peer`: a whole CMS or gateway that keeps what it is sent and does as a script
says. Without a script it serves until it is stopped."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import httpx

from protocol import talq, tls

from . import script
from .offer import PROFILES, offer
from .session_io import Played
from .sides import Attached, PlayedCms, PlayedGateway
from .wire_io import Caller, Exchange, Journal

_WAIT_S = 60.0
_AGAIN_S = 2.0


class PeerWishes(NamedTuple):
    """What is played, where, and by which script; cms_uri: where a gateway announces itself."""

    side: str
    listen: tuple[str, int]
    advertise: str
    cms_uri: str
    lines: AsyncIterator[str] | None
    trust: tls.Trust | None
    tell: Callable[[Exchange], None]
    say: Callable[[str], None]


class StepFailed(Exception):
    """A step of the script did not go as it says."""


@dataclass
class _Instead:
    """An answer that stands in for the true one, some times."""

    operation: str
    status: int
    body: Any
    times: int

    def __call__(self, call: talq.Call) -> talq.Answer | None:
        if call.operation.operation_id != self.operation or self.times <= 0:
            return None
        self.times -= 1
        return talq.Answer(self.status, self.body)


class Peer:
    """One played side with its script."""

    def __init__(self, wishes: PeerWishes) -> None:
        self.wishes = wishes
        self.played = Played(wishes.side, wishes.listen, Journal(wishes.tell))
        self.played.trust, self.played.url = wishes.trust, wishes.advertise
        self.cms: PlayedCms | None = None
        self.gateway: PlayedGateway | None = None
        self._kept: dict[str, Any] = {}
        self._seen = 0
        self._reports: asyncio.Task[None] | None = None

    async def run(self) -> None:
        """Serve, bootstrap, and follow the script; StepFailed when it does not go so."""
        try:
            await self._start()
            if self.wishes.lines is None:
                await asyncio.Event().wait()
                return
            number = 0
            async for line in self.wishes.lines:
                number += 1
                step = script.read(line, number)
                if step is not None:
                    await self._step(step, number)
        finally:
            if self._reports is not None:
                self._reports.cancel()
            await self.played.close()

    async def _start(self) -> None:
        wishes = self.wishes
        if wishes.side == "cms":
            self.cms = PlayedCms(self.played)
            await self.played.serve(self.cms.carry_out)
            wishes.say(f"a CMS at {wishes.advertise}, address {self.cms.address}")
            return
        self.gateway = PlayedGateway(self.played, wishes.advertise, wishes.cms_uri)
        made = offer(PROFILES, wishes.advertise, time.time())
        self.gateway.services, self.gateway.classes, self.gateway.devices = made
        self.gateway.on_resync = self._attach
        await self.played.serve(self.gateway.carry_out)
        await self._attach()
        self._reports = asyncio.create_task(self.gateway.report())

    async def _attach(self) -> None:
        """Until the bootstrap is through; a CMS that is not there yet is waited for."""
        assert self.gateway is not None
        while True:
            try:
                last = (await self.gateway.bootstrap())[-1]
            except httpx.HTTPError as error:
                self.wishes.say(f"not attached yet: {error!r}")
            else:
                if last.status < 300:
                    self.wishes.say(f"attached as gateway {self.gateway.address}")
                    return
                self.wishes.say(f"refused: {last.said()}")
            await asyncio.sleep(_AGAIN_S)

    # Steps.

    def _known(self) -> Mapping[str, Any]:
        addresses: dict[str, Any] = {}
        if self.cms is not None:
            ready = [one for one in self.cms.gateways.values() if one.ready]
            addresses = {"cms": self.cms.address, "gateway": ready[0].address if ready else ""}
        elif self.gateway is not None:
            addresses = {"cms": self.gateway.cms_address, "gateway": self.gateway.address}
        return {**addresses, **self._kept}

    async def _caller(self) -> Caller:
        """Of the other side; for a CMS the first gateway whose bootstrap has ended."""
        if self.gateway is not None:
            return self.gateway.cms
        cms = self.cms
        assert cms is not None

        def ready() -> list[Attached]:
            return [one for one in cms.gateways.values() if one.ready]

        found = await self.played.until(ready, _WAIT_S)
        if not found:
            raise StepFailed(f"no gateway attached within {_WAIT_S:.0f} s")
        caller: Caller = found[0].caller
        return caller

    async def _step(self, step: Mapping[str, Any], number: int) -> None:
        try:
            if "call" in step:
                await self._call(step)
            elif "wait_for" in step:
                await self._wait_for(step)
            elif "set" in step:
                self._set(script.filled(step["set"]["answer"], self._known()))
            else:
                await asyncio.sleep(step["sleep_s"])
        except (StepFailed, ValueError, httpx.HTTPError) as error:
            raise StepFailed(f"line {number}: {error or repr(error)}") from error

    async def _call(self, step: Mapping[str, Any]) -> None:
        caller = await self._caller()
        told = script.filled({k: v for k, v in step.items() if k != "expect"}, self._known())
        if step["call"] not in {one.operation_id for one in talq.operations(caller.side)}:
            raise StepFailed(f"{step['call']!r} is no operation of a {caller.side}")
        more = {"query": told.get("query", {}), "headers": told.get("headers", {})}
        path = [str(part) for part in told.get("path", ())]
        reply = await caller.call(told["call"], *path, body=told.get("body"), **more)
        wanted = step.get("expect")
        if wanted is not None and reply.status not in (
            wanted if isinstance(wanted, list) else [wanted]
        ):
            raise StepFailed(f"{told['call']} was answered {reply.said()}; expected {wanted}")
        if "keep" in step:
            self._kept[step["keep"]] = reply.body

    async def _wait_for(self, step: Mapping[str, Any]) -> None:
        told = script.filled(step["wait_for"], self._known())
        name, seconds = told["operation"], float(told.get("seconds", _WAIT_S))

        def came() -> list[Exchange]:
            found = self.played.journal.incoming(name, since=self._seen)
            return [one for one in found if told.get("status") in (None, one.status)]

        found = await self.played.until(came, seconds)
        if not found:
            raise StepFailed(f"no {name} came within {seconds:.0f} s")
        # What came before is not waited for again.
        self._seen = self.played.journal.exchanges.index(found[0]) + 1
        if "keep" in step:
            self._kept[step["keep"]] = found[0].body

    def _set(self, answer: Mapping[str, Any]) -> None:
        fault = [{"key": "genericError", "description": "as the script says"}]
        status = int(answer["status"])
        body = answer.get("body", fault if status >= 400 else None)
        times = int(answer.get("times", 1))
        self.played.instead.append(_Instead(str(answer.get("operation")), status, body, times))


async def lines_of(path: Path) -> AsyncIterator[str]:
    """The lines of a file; of standard input when it is `-`, as they come."""
    if str(path) != "-":
        whole = await asyncio.to_thread(path.read_text, "utf-8")
        for line in whole.splitlines():
            yield line
        return
    while True:
        line = await asyncio.to_thread(sys.stdin.readline)
        if not line:
            return
        yield line


def as_line(exchange: Exchange) -> str:
    """An exchange as one line of JSON, for --log."""
    return json.dumps({
        "ours": exchange.ours, "operation": exchange.operation, "method": exchange.method,
        "target": exchange.target, "query": dict(exchange.query), "status": exchange.status,
        "body": exchange.body, "answer": exchange.answer, "problems": exchange.problems,
    }, default=str)  # fmt: skip
