from __future__ import annotations

import datetime
import json
import stat
import tomllib
from pathlib import Path
from typing import Any

import pytest

from controller import settings as controller_settings
from lamplighter import demo
from lamplighter.demo import City, Wishes
from protocol import plan
from protocol.schedule import planning

SITE = plan.quarter(1, 0).site
DAY = datetime.date(2026, 11, 21)


def wishes(folder: Path, **more: Any) -> Wishes:
    said: dict[str, Any] = {
        "browser": False, "port": 8080, "data": folder, "lamps": 3, "bays": 2, "speed": 1.0,
        "ready_file": None, "seed": 1, "start": None, "traffic": True, "day_off": False, "line": 0,
        "cms": (),
    }  # fmt: skip
    return Wishes(**{**said, **more})


def test_a_new_city_begins_twenty_minutes_before_sunset() -> None:
    _, sunset = planning.sun_of(DAY, SITE.lat, SITE.lon)
    assert sunset is not None
    assert demo.start_s(None, SITE, DAY) == sunset - 1200


def test_where_the_sun_does_not_set_it_begins_at_noon() -> None:
    north = plan.Site("north", 78.0, 15.0, "Europe/Oslo")
    begin = demo.start_s(None, north, datetime.date(2026, 6, 21))
    assert begin == datetime.datetime(2026, 6, 21, 10, tzinfo=datetime.UTC).timestamp()


@pytest.mark.parametrize(
    "text", ["2026-12-24T15:00", "2026-12-24T15:00+01:00", "2026-12-24T14:00Z", "2026-12-24 15:00"]
)
def test_a_start_is_a_time_of_the_place_unless_it_says_otherwise(text: str) -> None:
    wanted = datetime.datetime(2026, 12, 24, 14, tzinfo=datetime.UTC).timestamp()
    assert demo.start_s(text, SITE, DAY) == wanted


@pytest.mark.parametrize("text", ["", "dusk", "15:00", "2026-13-01T00:00"])
def test_a_start_that_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(demo.StartError):
        demo.start_s(text, SITE, DAY)


def test_a_data_folder_keeps_its_plan_keys_and_ports(tmp_path: Path) -> None:
    first = City(wishes(tmp_path))
    again = City(wishes(tmp_path, lamps=9, day_off=True))
    assert again.plan == first.plan
    assert again.ports == first.ports
    assert again.users() == first.users()
    assert len(set(first.ports.values())) == len(first.ports) == 3
    assert again.release_key == first.release_key
    for path in (first.key_file, first.password_file, first.release_file):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_every_node_has_a_user_of_its_own_at_the_broker(tmp_path: Path) -> None:
    users = City(wishes(tmp_path)).users()
    stations = 3  # A cabinet, an air station and a sign stand in every demo.
    assert len(users) == 6 + stations
    assert "controller" in users
    assert len(set(users.values())) == len(users)


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
