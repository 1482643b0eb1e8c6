"""The demo's broker: Mosquitto when it is installed, else amqtt in a process of its own.

Both know the same users and the same rules: a node speaks on its own topics alone.
"""

from __future__ import annotations

import getpass
import json
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from .errors import MissingError

EMBEDDED_NODES_MAX = 100
CONTROLLER = "controller"

_ACL = """\
user {controller}
topic readwrite ll/{site}/#

pattern write ll/{site}/%u/up
pattern write ll/{site}/%u/alive
pattern read ll/{site}/%u/down
pattern readwrite ll/{site}/near/#
"""
# Started by root it would become another user, who may not read our folder.
_CONFIG = """\
user {user}
listener {port} 127.0.0.1
allow_anonymous false
password_file {folder}/passwords
acl_file {folder}/acl
persistence true
persistence_location {folder}/
autosave_interval 30
log_type error
log_type warning
set_tcp_nodelay true
max_queued_messages 100000
max_inflight_messages 1000
"""


def mosquitto() -> str | None:
    """Mosquitto's program; Debian keeps it where not every user looks."""
    for name in ("mosquitto", "/usr/sbin/mosquitto"):
        found = shutil.which(name)
        if found:
            return found
    return None


def words(
    folder: Path, *, port: int, site: str, users: Mapping[str, str], nodes: int
) -> list[str]:
    """Write the broker's files and give its command line; users: name to password.

    MissingError when there is no Mosquitto and there are too many nodes for the embedded broker.
    """
    folder.mkdir(parents=True, exist_ok=True)
    program = mosquitto()
    if program is None:
        if nodes > EMBEDDED_NODES_MAX:
            raise MissingError(
                f"{nodes} nodes need Mosquitto (apt-get install mosquitto); the embedded broker "
                f"serves up to {EMBEDDED_NODES_MAX}"
            )
        said = {"port": port, "site": site, "users": dict(users)}
        path = folder / "embedded.json"
        _write(path, json.dumps(said))
        return [sys.executable, "-m", "lamplighter.embedded", str(path)]
    _passwords(folder / "passwords", users)
    _write(folder / "acl", _ACL.format(controller=CONTROLLER, site=site))
    _write(
        folder / "mosquitto.conf", _CONFIG.format(port=port, folder=folder, user=getpass.getuser())
    )
    return [program, "-c", str(folder / "mosquitto.conf")]


def _write(path: Path, text: str) -> None:
    path.touch(mode=0o600)
    path.write_text(text)


def _passwords(path: Path, users: Mapping[str, str]) -> None:
    """A password file as Mosquitto's own tool hashes it."""
    tool = shutil.which("mosquitto_passwd")
    if tool is None:
        raise MissingError("mosquitto_passwd is not installed (apt-get install mosquitto)")
    _write(path, "".join(f"{name}:{password}\n" for name, password in users.items()))
    done = subprocess.run([tool, "-U", str(path)], capture_output=True, text=True, check=False)
    if done.returncode:
        raise MissingError(f"mosquitto_passwd failed: {done.stderr.strip()}")
