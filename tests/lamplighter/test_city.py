"""The files of a demo: kept, and as they were wished."""

from __future__ import annotations

import datetime
import stat
from pathlib import Path

import pytest
from demo_wishes import wishes

from lamplighter.city import City, StartError, start_s
from protocol import plan
from protocol.schedule import planning

SITE = plan.quarter(1, 0).site
DAY = datetime.date(2026, 11, 21)


def test_a_new_city_begins_twenty_minutes_before_sunset() -> None:
    _, sunset = planning.sun_of(DAY, SITE.lat, SITE.lon)
    assert sunset is not None
    assert start_s(None, SITE, DAY) == sunset - 1200


def test_where_the_sun_does_not_set_it_begins_at_noon() -> None:
    north = plan.Site("north", 78.0, 15.0, "Europe/Oslo")
    begin = start_s(None, north, datetime.date(2026, 6, 21))
    assert begin == datetime.datetime(2026, 6, 21, 10, tzinfo=datetime.UTC).timestamp()


@pytest.mark.parametrize(
    "text", ["2026-12-24T15:00", "2026-12-24T15:00+01:00", "2026-12-24T14:00Z", "2026-12-24 15:00"]
)
def test_a_start_is_a_time_of_the_place_unless_it_says_otherwise(text: str) -> None:
    wanted = datetime.datetime(2026, 12, 24, 14, tzinfo=datetime.UTC).timestamp()
    assert start_s(text, SITE, DAY) == wanted


@pytest.mark.parametrize("text", ["", "dusk", "15:00", "2026-13-01T00:00"])
def test_a_start_that_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(StartError):
        start_s(text, SITE, DAY)


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
