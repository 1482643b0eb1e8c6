from __future__ import annotations

import json
import shutil
import stat
import sys
from pathlib import Path

import pytest

from lamplighter import broker
from lamplighter.errors import MissingError

USERS = {"controller": "secret-1", "02aa00000001": "secret-2"}


def without_mosquitto(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(broker, "mosquitto", lambda: None)


def test_more_than_a_hundred_nodes_need_mosquitto_and_that_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    without_mosquitto(monkeypatch)
    with pytest.raises(MissingError) as refusal:
        broker.words(tmp_path, port=1, site="s", users=USERS, nodes=101)
    assert str(refusal.value) == (
        "101 nodes need Mosquitto (apt-get install mosquitto); "
        "the embedded broker serves up to 100"
    )


def test_up_to_a_hundred_nodes_are_served_by_the_embedded_broker(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    without_mosquitto(monkeypatch)
    words = broker.words(tmp_path / "new", port=7, site="s", users=USERS, nodes=100)
    assert words[:3] == [sys.executable, "-m", "lamplighter.embedded"]
    assert json.loads(Path(words[3]).read_text()) == {"port": 7, "site": "s", "users": USERS}
    assert stat.S_IMODE(Path(words[3]).stat().st_mode) == 0o600


@pytest.mark.skipif(broker.mosquitto() is None, reason="no Mosquitto here")
def test_the_files_for_mosquitto_hold_no_password_in_plain(tmp_path: Path) -> None:
    words = broker.words(tmp_path, port=7, site="s", users=USERS, nodes=1)
    assert words[1:] == ["-c", str(tmp_path / "mosquitto.conf")]
    said = (tmp_path / "mosquitto.conf").read_text()
    assert "listener 7 127.0.0.1" in said
    assert "allow_anonymous false" in said
    passwords = (tmp_path / "passwords").read_text()
    for name, password in USERS.items():
        assert f"{name}:$" in passwords
        assert password not in passwords
    for name in ("passwords", "acl", "mosquitto.conf"):
        assert stat.S_IMODE((tmp_path / name).stat().st_mode) == 0o600


@pytest.mark.skipif(broker.mosquitto() is None, reason="no Mosquitto here")
def test_without_its_password_tool_what_is_missing_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = shutil.which

    def which(name: str) -> str | None:
        return None if name == "mosquitto_passwd" else found(name)

    monkeypatch.setattr(shutil, "which", which)
    with pytest.raises(MissingError, match="mosquitto_passwd is not installed"):
        broker.words(tmp_path, port=7, site="s", users=USERS, nodes=1)
