"""The loop that both MQTT clients run in, with ours; theirs is fetched by the bench alone."""

from __future__ import annotations

from pathlib import Path

from servers import Broker

import flasher
from bench import mqtt


def test_our_client_takes_back_what_it_publishes(tmp_path: Path, mosquitto: Broker) -> None:
    image = tmp_path / "ours.romfs"
    image.write_bytes(flasher.build_romfs(mqtt._ours()).data)
    said = mqtt._run("ours", image, mosquitto.port)
    assert said["per_s"] > 0
    assert 0 < said["held"] < 40_000
