"""Rules T1 to T11, which hold for the server of either side."""

from __future__ import annotations

import asyncio
import gzip
import json
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple
from uuid import uuid4

from protocol import talq

from .results import Failed, NotTestable
from .run_io import Check, expect, refused
from .wire_io import Caller, Reply

_OWN_MAJOR = talq.API_VERSION.split(".")[0]
# Requests of the other's own are awaited so long; some come only when something changes.
_COMES_S_MAX = 5.0


class Write(NamedTuple):
    """A harmless request with a body, and with one in its answer."""

    operation: str
    path: tuple[str, ...]
    body: Any


@dataclass
class Target:
    """The server that is checked; what fits it differs by side."""

    caller: Caller
    read: tuple[str, ...]
    write: Callable[[], Write]
    # An operation that adds a list; makes a good element by its name, a bad one; and its read.
    adds: str
    good: Callable[[str], Any]
    bad: Any
    reads: str

    async def get(self, **more: Any) -> Reply:
        """The harmless read."""
        return await self.caller.call(*self.read, **more)

    async def put(self, **more: Any) -> Reply:
        """A harmless write."""
        write = self.write()
        return await self.caller.call(write.operation, *write.path, body=write.body, **more)

    def checks(self) -> dict[str, Check]:
        """By rule."""
        return {
            "T1": self._slash, "T2": self._asked, "T3": self._versions, "T4": self._requests,
            "T5": self._json, "T6": self._encodings, "T8": self._statuses, "T9": self._atomic,
            "T10": self._vendor, "T11": self._quoted, "T7": self._errors,
        }  # fmt: skip

    async def _slash(self) -> None:
        base = self.caller.base_uri
        try:
            for uri in (base.rstrip("/"), base.rstrip("/") + "/"):
                self.caller.base_uri = uri
                expect(await self.get(), 200, what=uri)
        finally:
            self.caller.base_uri = base

    async def _asked(self) -> None:
        version = talq.VERSION_HEADER
        for what, key, more in (
            ("without clientAddress", "parameterMissing", {"sender": ""}),
            ("clientAddress=x", "parameterValueNotValid", {"sender": "x"}),
            ("without talq-api-version", "headerMissing", {"headers": {version: None}}),
            ("talq-api-version: x", "headerValueNotValid", {"headers": {version: "x"}}),
        ):
            query = {"clientAddress": None} if more.get("sender") == "" else {}
            expect(await self.get(query=query, **more), 400, key=key, what=what)
        expect(await self.get(sender=str(uuid4())), 401, 403, 404, what="an unknown sender")

    async def _versions(self) -> None:
        major, minor = (int(part) for part in talq.API_VERSION.split(".")[:2])
        for version in (f"{major}.{minor}.0", f"{major}.{minor - 1}.0", f"{major}.{minor + 1}.0"):
            reply = await self.get(headers={talq.VERSION_HEADER: version})
            expect(reply, 200, what=f"version {version}")
            told = reply.headers[talq.VERSION_HEADER]
            if told.split(".")[0] != _OWN_MAJOR:
                raise Failed(f"it answers with its own version, and that is {told!r}")
        for version in (f"{major - 1}.0.0", f"{major + 1}.0.0"):
            refused(await self.get(headers={talq.VERSION_HEADER: version}), f"version {version}")

    async def _requests(self) -> str:
        journal = self.caller._journal
        for _ in range(int(_COMES_S_MAX / 0.1)):
            if journal.incoming():
                break
            await asyncio.sleep(0.1)
        asked = [one for one in journal.incoming() if one.operation and one.method != "GET"]
        if not asked:
            raise NotTestable("it made no request that carries one")
        faults = [f"{one.method} {one.target} has none" for one in asked if not one.request_id]
        ids = [one.request_id for one in asked if one.request_id]
        faults += [f"{one} came twice" for one in sorted(set(ids)) if ids.count(one) > 1]
        if faults:
            raise Failed("\n".join(faults[:10]))
        return f"{len(ids)} requests"

    async def _json(self) -> str:
        reply = await self.get()
        expect(reply, 200)
        kind = reply.headers.get("content-type", "")
        if not kind.startswith("application/json"):
            raise Failed(f"content-type is {kind!r}")
        if "content-length" not in reply.headers:
            raise Failed("the answer has no Content-Length")
        write = self.write()
        broken = json.dumps(write.body).encode()[:-1] + b"\xff"
        for what, content in (("no UTF-8", broken), ("NaN", b'{"a": NaN}'), ("cut", b"[{")):
            said = await self.caller.call(write.operation, *write.path, content=content)
            expect(said, 400, what=what)
        theirs = self.caller._journal.incoming()
        chunked = [one.target for one in theirs if any("T5" in p for p in one.problems)]
        if chunked:
            raise Failed(f"it sends chunked bodies: {chunked[:5]}")
        return f"{len(theirs)} of its own requests"

    async def _encodings(self) -> None:
        for name, pack in (("gzip", gzip.compress), ("deflate", zlib.compress)):
            write = self.write()
            content = pack(json.dumps(write.body).encode())
            reply = await self.caller.call(
                write.operation, *write.path, content=content, headers={"content-encoding": name}
            )
            expect(reply, 200, 201, what=name)
            told = reply.headers.get("content-encoding", "none")
            if reply.raw and told != name:
                raise Failed(f"a request in {name} was answered in {told}")
        write = self.write()
        reply = await self.caller.call(
            write.operation, *write.path, content=json.dumps(write.body).encode(),
            headers={"content-encoding": "br"},
        )  # fmt: skip
        expect(reply, 415, what="content-encoding: br")

    async def _statuses(self) -> None:
        write = self.write()
        wrong = {"no": "list"} if isinstance(write.body, list) else ["a list"]
        content = json.dumps(wrong).encode()
        reply = await self.caller.call(write.operation, *write.path, content=content)
        expect(reply, 400, what="another shape than the specification's")
        expect(await self.caller.call(self.reads, str(uuid4())), 404, key="resourceNotFound")
        body = self.good(str(uuid4()))
        expect(await self.caller.call(self.adds, body=[body]), 201, what="something new")
        again = await self.caller.call(self.adds, body=[body])
        expect(again, 409, key="resourceConflict", what="the same again")

    async def _atomic(self) -> None:
        name = str(uuid4())
        reply = await self.caller.call(self.adds, body=[self.good(name), self.bad])
        refused(reply, "a list with one bad element")
        found = await self.caller.call(self.reads, name)
        expect(found, 404, what="the good element of a refused list")

    async def _vendor(self) -> None:
        name = str(uuid4())
        body = {**self.good(name), "vendorNote": "kept?"}
        for function in body.get("functions", ()):
            function["vendorGlow"] = {"type": "AttributeString", "value": "green"}
        expect(await self.caller.call(self.adds, body=[body]), 201, what="with vendor properties")
        found = expect(await self.caller.call(self.reads, name), 200)
        lost = [] if found.get("vendorNote") == "kept?" else ["the property vendorNote"]
        for function in found.get("functions", ()):
            if (function.get("vendorGlow") or {}).get("value") != "green":
                lost.append("the attribute vendorGlow")
        if lost:
            raise Failed(f"sent and not given back: {', '.join(lost)}")

    async def _quoted(self) -> None:
        raise NotTestable("it has no resource with a name of the caller's choice")

    async def _errors(self) -> str:
        asked = self.caller._journal.outgoing()
        faults = [p for one in asked for p in one.problems if p.startswith("T7")]
        known = [one for one in asked if one.status >= 400]
        for one in known:
            if isinstance(one.answer, list):
                faults += [
                    f"{one.operation}: {fault.get('key')!r} is no documented key"
                    for fault in one.answer
                    if fault.get("key") not in talq.KEY_STATUS
                ]
        if faults:
            raise Failed("\n".join(dict.fromkeys(faults)))
        return f"{len(known)} refusals"
