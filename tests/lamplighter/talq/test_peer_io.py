"""A played CMS and a played gateway against each other, by scripts."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator

import pytest
from servers import free_port

from lamplighter.talq import peer_io
from lamplighter.talq.wire_io import Exchange


async def steps(*lines: object) -> AsyncIterator[str]:
    for line in lines:
        yield json.dumps(line)


class Pair:
    """Both sides; `log` of the CMS."""

    def __init__(self) -> None:
        self.ports = {"cms": free_port(), "gateway": free_port()}
        self.log: list[Exchange] = []

    def peer(self, side: str, *lines: object) -> peer_io.Peer:
        def tell(one: Exchange) -> None:
            if side == "cms":
                self.log.append(one)

        wishes = peer_io.PeerWishes(
            side, ("127.0.0.1", self.ports[side]), f"http://127.0.0.1:{self.ports[side]}",
            f"http://127.0.0.1:{self.ports['cms']}", steps(*lines), None, tell, lambda text: None,
        )  # fmt: skip
        return peer_io.Peer(wishes)


@pytest.fixture
async def pair() -> AsyncIterator[Pair]:
    """With a gateway that stays attached for as long as the test goes on."""
    made = Pair()
    gateway = asyncio.create_task(made.peer("gateway", {"sleep_s": 60}).run())
    yield made
    gateway.cancel()
    await asyncio.gather(gateway, return_exceptions=True)


async def test_a_gateway_attaches_and_gives_back_what_it_is_sent(pair: Pair) -> None:
    calendar = {"id": "all/year", "ownerCMS": "${cms}", "rules": []}
    reference = {"resource": "devices", "address": "${devices.1.address}"}
    await pair.peer(
        "cms",
        {"wait_for": {"operation": "addDevices", "status": 201, "seconds": 10}},
        {"call": "getDevices", "expect": 200, "keep": "devices"},
        {"call": "addCalendars", "body": [calendar], "expect": 201},
        {"call": "addCalendars", "body": [calendar], "expect": 409},
        {"call": "getCalendar", "path": ["all/year"], "expect": 200, "keep": "found"},
        {"call": "getCalendar", "path": ["${found.id}"], "expect": 200},
        {"call": "getCalendarsCount", "expect": 200},
        {"call": "addGroups", "expect": 201,
         "body": [{"address": "g", "ownerCMS": "${cms}", "members": [reference]}]},
        {"call": "getGroupMembersCount", "path": ["g"], "expect": 200},
        {"call": "deleteGroupMember", "path": ["g", "devices", "${devices.1.address}"],
         "expect": 200},
        {"call": "sendCommand", "body": {"addresses": [reference]}, "expect": [201, 202]},
        {"call": "deleteDevice", "path": ["${gateway}"], "expect": 200},
        {"wait_for": {"operation": "addDevices", "status": 201, "seconds": 10}},
        {"wait_for": {"operation": "announceServices", "status": 201, "seconds": 10}},
    ).run()  # fmt: skip
    faults = [problem for one in pair.log for problem in one.problems if one.ours]
    assert faults == []


async def test_a_script_may_make_a_peer_answer_something_else(pair: Pair) -> None:
    await pair.peer(
        "cms",
        {"set": {"answer": {"operation": "announceServices", "status": 503, "times": 1}}},
        {"wait_for": {"operation": "announceServices", "status": 503, "seconds": 10}},
        {"wait_for": {"operation": "announceServices", "status": 201, "seconds": 10}},
    ).run()


@pytest.mark.parametrize(
    ("step", "said"),
    [
        ({"call": "getDevice", "path": ["none"], "expect": 200}, r"line 1: getDevice .* 404"),
        ({"call": "getDevice"}, "takes 1 values, not 0"),
        ({"call": "getNothing"}, "no operation of a gateway"),
        ({"wait_for": {"operation": "sendLogReport", "seconds": 0.1}}, "no sendLogReport came"),
        ({"call": "getDevice", "path": ["${nobody}"]}, "there is no 'nobody'"),
    ],
)
async def test_a_step_that_does_not_go_so_ends_the_script(
    pair: Pair, step: object, said: str
) -> None:
    with pytest.raises(peer_io.StepFailed, match=said):
        await pair.peer("cms", step).run()


def test_an_exchange_is_one_line_of_json() -> None:
    one = Exchange(True, "getDevices", "GET", "/devices", 200, answer=[], problems=["x"])
    said = json.loads(peer_io.as_line(one))
    assert (said["operation"], said["status"], said["problems"]) == ("getDevices", 200, ["x"])
