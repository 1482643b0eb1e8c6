"""amqtt as the demo's broker, with the users and rules that Mosquitto would have.

`python -m lamplighter.embedded FILE`; the file is written by broker.py. Up to 100 nodes: beyond
that each new subscription costs it more than the last.
"""

from __future__ import annotations

import asyncio
import hmac
import json
import signal
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from amqtt.broker import Broker
from amqtt.contexts import Action
from amqtt.plugins.base import BaseAuthPlugin, BaseTopicPlugin
from amqtt.session import Session

from .broker import CONTROLLER


def allowed(user: str, topic: str, *, writes: bool, site: str) -> bool:
    """Whether a user may publish to a topic, or hear it."""
    if user == CONTROLLER:
        return topic.startswith(f"ll/{site}/")
    own = f"ll/{site}/{user}"
    if topic.startswith(f"ll/{site}/near/"):
        return True
    if writes:
        return topic in (f"{own}/up", f"{own}/alive")
    return topic == f"{own}/down"


class Users(BaseAuthPlugin):  # type: ignore[misc]  # amqtt ships no types
    """Who may come in."""

    async def authenticate(self, *, session: Session) -> bool | None:
        """Whether the password is that of the user."""
        known = self.config.users.get(session.username or "")
        return known is not None and hmac.compare_digest(known, session.password or "")

    @dataclass
    class Config:
        """Passwords by user."""

        users: dict[str, str] = field(default_factory=dict)


class Topics(BaseTopicPlugin):  # type: ignore[misc]  # amqtt ships no types
    """Who may say and hear what."""

    async def topic_filtering(
        self,
        *,
        session: Session | None = None,
        topic: str | None = None,
        action: Action | None = None,
    ) -> bool | None:
        """Whether the session may do this on the topic."""
        user = (session.username if session else None) or ""
        writes = action == Action.PUBLISH
        if user != CONTROLLER and action == Action.RECEIVE:
            return True  # What it subscribed to was judged then.
        return allowed(user, topic or "", writes=writes, site=self.config.site)

    @dataclass
    class Config:
        """The site whose topics these are."""

        site: str = ""


def configuration(said: dict[str, Any]) -> dict[str, Any]:
    """amqtt's configuration of our file."""
    return {
        "listeners": {"default": {"type": "tcp", "bind": f"127.0.0.1:{said['port']}"}},
        "plugins": {
            f"{Users.__module__}.Users": {"users": said["users"]},
            f"{Topics.__module__}.Topics": {"site": said["site"]},
        },
    }


async def run(said: dict[str, Any]) -> None:
    """Serve until SIGINT or SIGTERM."""
    broker = Broker(configuration(said))
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await broker.start()
    await stop.wait()
    await broker.shutdown()


def main(arguments: list[str]) -> int:
    """0 done, 2 wrong usage."""
    if len(arguments) != 1:
        print("usage: python -m lamplighter.embedded FILE", file=sys.stderr)
        return 2
    asyncio.run(run(json.loads(Path(arguments[0]).read_text())))
    return 0


if __name__ == "__main__":
    # Plugins are found by their module's name, which must not be __main__.
    from . import embedded

    sys.exit(embedded.main(sys.argv[1:]))
