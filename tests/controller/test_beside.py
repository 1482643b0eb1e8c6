"""Bays that are closed, cabinets that are worked on, stations that tell."""

from __future__ import annotations

from typing import Any

from gateway_rig import Rig

from controller.configure import Configure
from protocol import wire

CMS = "http://cms.test/talq"


def joined() -> Rig:
    rig = Rig(1, 1, stations=True)
    rig.loggers()
    rig.run(2)
    return rig


def flag(rig: Rig, address: str, name: str, value: bool) -> None:
    node = {
        "id": "node",
        "type": "LamplighterNodeFunction",
        name: {"type": "AttributeBoolean", "value": value},
    }
    Configure(rig.gateway, CMS).patch(
        [{"address": address, "functions": [node]}], rig.now, whole=False
    )
    rig.settle()


def events(rig: Rig, kind: str) -> list[Any]:
    told = [entry["data"] for entry in rig.outbox("events")]
    return [data.get("startEndFlag") for data in told if data["eventType"] == kind]


def occupancy(rig: Rig) -> Any:
    return rig.gateway.devices[rig.lamp(1)[0]].values["bay", "occupancy"].value


def test_a_closed_bay_is_closed_and_a_car_in_it_is_forbidden() -> None:
    rig = joined()
    address, node = rig.lamp(1)
    rig.say(node, wire.BayState(state=1, confidence_percent=90))
    flag(rig, address, "closed", True)
    assert occupancy(rig) == "Closed"
    rig.say(node, wire.BayState(state=2, confidence_percent=90))
    assert occupancy(rig) == "Forbidden Vehicle"
    assert events(rig, "forbiddenParkingDetected") == [True]
    flag(rig, address, "closed", False)
    assert occupancy(rig) == "Occupied"
    assert events(rig, "forbiddenParkingDetected") == [True, False]


def test_a_bay_that_knows_nothing_is_not_said_to_be_closed() -> None:
    rig = joined()
    address, node = rig.lamp(1)
    flag(rig, address, "closed", True)
    rig.say(node, wire.BayState(state=0))
    assert occupancy(rig) == "Unknown"


def test_work_on_a_cabinet_begins_by_flag_or_hand_and_is_told_once() -> None:
    rig = joined()
    address = rig.station("cabinet")[0]
    flag(rig, address, "maintenance", True)
    rig.read("cabinet", hand=2)
    assert events(rig, "maintenanceMode") == [True]
    flag(rig, address, "maintenance", False)
    assert events(rig, "maintenanceMode") == [True]
    rig.read("cabinet", hand=0)
    assert events(rig, "maintenanceMode") == [True, False]


def test_what_a_station_measures_has_the_units_of_the_model() -> None:
    rig = joined()
    rig.read("cabinet", power_w=1234, current_ma=5500, hand=1, contactor_on=0)
    rig.read("air", gas_no2_ppb=21, wind_dms=36, flow_mls=2100, air_temperature_dc=-35)
    cabinet = rig.gateway.devices[rig.station("cabinet")[0]].values
    air = rig.gateway.devices[rig.station("air")[0]].values
    assert cabinet["supply", "totalPower"].value == 1.234
    assert cabinet["supply", "averageCurrent"].value == 5.5
    assert cabinet["segment", "actualState"].value == "OFF"
    assert cabinet["segment", "localOverride"].value == "ON"
    assert air["gas", "gasConcentration"].value == 0.021
    assert air["wind", "windSpeed"].value == 4
    assert air["waterFlow", "flowRate"].value == 0.0021
    assert air["atmosphere", "airTemperature"].value == -3.5


def test_the_strongest_gust_counts_for_a_day() -> None:
    rig = joined()
    values = rig.gateway.devices[rig.station("air")[0]].values

    def strongest(gust_dms: int) -> tuple[int, str]:
        rig.read("air", gust_dms=gust_dms)
        wind = values["wind", "maxWindGust"], values["wind", "maxWindGustSince"]
        return wind[0].value, wind[1].value

    first = strongest(120)
    assert first[0] == 12
    assert strongest(80) == first
    assert strongest(150) == (15, first[1])
    rig.domain_s += 90_000
    later = strongest(30)
    assert later[0] == 3
    assert later[1] > first[1]


def test_a_wind_direction_is_told_as_a_point_of_the_compass_too() -> None:
    rig = joined()
    values = rig.gateway.devices[rig.station("air")[0]].values
    for degrees, point in ((0, "N"), (44, "NE"), (180, "S"), (350, "N")):
        rig.read("air", wind_deg=degrees)
        assert values["wind", "windDirectionString"].value == point


def test_what_a_sign_shows_is_told_as_its_state() -> None:
    rig = joined()
    number = int.from_bytes(b"P 12", "big")
    blank = int.from_bytes(b"    ", "big")
    rig.read("sign", text_0=number, text_1=blank, text_2=blank, text_3=blank)
    values = rig.gateway.devices[rig.station("sign")[0]].values
    assert values["sign", "actualState"].value["text"] == "P 12"
    assert values["sign", "feedbackCommand"].value["reason"] == "default"
