from __future__ import annotations

import contextlib
import json
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator

import aiomqtt
import pytest
from servers import free_port, wait_for_port

from lamplighter import broker, embedded
from lamplighter.broker import CONTROLLER

SITE = "marolles"
NODE, OTHER = "02aa00000001", "02aa00000002"
USERS = {CONTROLLER: "secret-1", NODE: "secret-2", OTHER: "secret-3"}
# user, topic, may write it, may hear it
CASES = [
    (CONTROLLER, f"ll/{SITE}/{NODE}/down", True, True),
    (CONTROLLER, f"ll/{SITE}/{NODE}/up", True, True),
    (CONTROLLER, f"ll/other/{NODE}/down", False, False),
    (NODE, f"ll/{SITE}/{NODE}/up", True, False),
    (NODE, f"ll/{SITE}/{NODE}/alive", True, False),
    (NODE, f"ll/{SITE}/{NODE}/down", False, True),
    (NODE, f"ll/{SITE}/{OTHER}/up", False, False),
    (NODE, f"ll/{SITE}/{OTHER}/down", False, False),
    (NODE, f"ll/{SITE}/near/x", True, True),
    (NODE, f"ll/other/{NODE}/up", False, False),
    (NODE, f"ll/{SITE}/{NODE}/up/more", False, False),
    (NODE, "elsewhere", False, False),
]


@pytest.mark.parametrize(("user", "topic", "writes", "hears"), CASES)
def test_a_user_may_what_is_its_own(user: str, topic: str, writes: bool, hears: bool) -> None:
    assert embedded.allowed(user, topic, writes=True, site=SITE) is writes
    assert embedded.allowed(user, topic, writes=False, site=SITE) is hears


@pytest.mark.parametrize("topic", ["#", "ll/#", f"ll/{SITE}/+/up", f"ll/{SITE}/+/down", "+/+/+/+"])
def test_a_node_may_not_listen_to_all(topic: str) -> None:
    assert not embedded.allowed(NODE, topic, writes=False, site=SITE)


@contextlib.contextmanager
def served(words: list[str], port: int) -> Iterator[int]:
    """The port of a broker that was started by these words."""
    process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_for_port(port)
        yield port
    finally:
        process.terminate()
        process.wait(10)


@pytest.fixture(scope="module", params=["mosquitto", "amqtt"])
def port(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[int]:
    """One broker of each kind, with the files that the demo writes."""
    folder = tmp_path_factory.mktemp(request.param)
    chosen = free_port()
    if request.param == "mosquitto":
        if broker.mosquitto() is None:
            pytest.skip("no Mosquitto here")
        words = broker.words(folder, port=chosen, site=SITE, users=USERS, nodes=2)
    else:
        path = folder / "embedded.json"
        path.write_text(json.dumps({"port": chosen, "site": SITE, "users": USERS}))
        words = [sys.executable, "-m", "lamplighter.embedded", str(path)]
    with served(words, chosen) as found:
        yield found


@contextlib.asynccontextmanager
async def client(port: int, user: str) -> AsyncIterator[aiomqtt.Client]:
    async with aiomqtt.Client(
        "127.0.0.1", port, username=user, password=USERS[user], identifier=f"test-{user}",
        timeout=10,
    ) as made:  # fmt: skip
        yield made


async def first(heard: aiomqtt.Client) -> tuple[str, bytes]:
    """The first message that a client hears."""
    message = await anext(aiter(heard.messages))
    assert isinstance(message.payload, bytes)
    return str(message.topic), message.payload


async def test_both_brokers_let_through_what_the_rules_let_through(port: int) -> None:
    """What a node writes where it may not is lost; the next one that it may is heard first."""
    async with client(port, CONTROLLER) as controller, client(port, NODE) as node:
        await controller.subscribe(f"ll/{SITE}/#", qos=1)
        for user, topic, writes, _ in CASES:
            if user == NODE and not writes and topic.startswith("ll/"):
                with contextlib.suppress(aiomqtt.MqttError):
                    await node.publish(topic, b"forbidden", qos=0)
        await node.publish(f"ll/{SITE}/{NODE}/up", b"allowed", qos=1)
        assert await first(controller) == (f"ll/{SITE}/{NODE}/up", b"allowed")


async def test_both_brokers_bring_a_node_its_own_and_nothing_else(port: int) -> None:
    async with client(port, CONTROLLER) as controller, client(port, NODE) as node:
        await node.subscribe(f"ll/{SITE}/{NODE}/down", qos=1)
        with contextlib.suppress(aiomqtt.MqttError):  # Some brokers refuse it at once.
            await node.subscribe(f"ll/{SITE}/{OTHER}/down", qos=1)
        await controller.publish(f"ll/{SITE}/{OTHER}/down", b"not yours", qos=1)
        await controller.publish(f"ll/{SITE}/{NODE}/down", b"yours", qos=1)
        assert await first(node) == (f"ll/{SITE}/{NODE}/down", b"yours")


@pytest.mark.parametrize(
    ("user", "password"), [(NODE, "wrong"), (NODE, None), ("stranger", "x"), (None, None)]
)
async def test_both_brokers_refuse_who_has_not_the_password(
    port: int, user: str | None, password: str | None
) -> None:
    stranger = aiomqtt.Client("127.0.0.1", port, username=user, password=password, timeout=5)
    with pytest.raises(aiomqtt.MqttError):
        await stranger.__aenter__()


def test_wrong_usage_is_said() -> None:
    assert embedded.main([]) == 2
