"""The programs of a demo get what was wished."""

from __future__ import annotations

import json
import stat
import tomllib
from pathlib import Path

from demo_wishes import wishes

from controller import settings as controller_settings
from lamplighter import demo
from lamplighter.city import City


def test_the_files_of_the_programs_hold_what_was_wished(tmp_path: Path) -> None:
    city = City(wishes(tmp_path, speed=5.0, traffic=False, cms=("http://other.test/talq",)))
    world = demo.world_program(city)
    said = json.loads(Path(world.words[-1]).read_text())
    assert (said["speed"], said["traffic"], said["seed"]) == (5.0, False, 1)
    controller = demo.controller_program(city)
    assert controller.words[-4:] == [
        "--cms", "http://127.0.0.1:8080/talq", "--cms", "http://other.test/talq",
    ]  # fmt: skip
    settings = tomllib.loads((tmp_path / "controller.toml").read_text())
    assert said["update_keys"] == [settings["release_key"]] == [city.release_key]
    assert (said["lines"], "lines" in settings) == ([], False)
    cms = demo.cms_program(city)
    assert "127.0.0.1:8080" in cms.words


def test_lamps_on_a_line_have_addresses_at_both_its_ends(tmp_path: Path) -> None:
    plain = City(wishes(tmp_path))
    city = City(wishes(tmp_path, line=2))
    assert plain.ports.items() <= city.ports.items()
    said = json.loads(Path(demo.world_program(city).words[-1]).read_text())
    demo.controller_program(city)
    ids = [asset.node_id for asset in city.plan.assets if asset.kind == "lamp"]
    nodes = {ids[0]: 1, ids[1]: 2}
    port = city.ports["line"]
    assert said["lines"] == [{"port": port, "nodes": nodes}]
    (line,) = controller_settings.load(tmp_path / "controller.toml", {}, (), plain_http=True).lines
    assert (line.port, line.nodes) == (f"socket://127.0.0.1:{port}", nodes)


def test_the_ready_file_is_for_its_owner_alone_and_whole(tmp_path: Path) -> None:
    path = tmp_path / "ready.json"
    demo.write_ready(path, {"token": "x"})
    demo.write_ready(path, {"token": "y"})
    assert json.loads(path.read_text()) == {"token": "y"}
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == [path]
