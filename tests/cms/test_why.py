from __future__ import annotations

import datetime
import json
from typing import Any

import pytest

from cms import programs
from cms.assets import Device
from cms.programs import Lit, Window
from cms.site import Site
from cms.why import Asked, Followed, explain
from protocol import plan
from protocol.schedule import planning

DAY_S = datetime.datetime(2026, 6, 21, 10, tzinfo=datetime.UTC).timestamp()
NIGHT_S = DAY_S + 12.5 * 3600
LANGUAGES = {"fr", "nl", "en", "de"}
PROGRAM = {"name": "p", "steps": [{"at": "22:30", "level_percent": 60}]}
TABLE = programs.table_of(planning.Calendar("All year", "p"), {"p": PROGRAM})
FOLLOWED = Followed("year", "All year", TABLE, "anna", DAY_S)


def asked(at_s: float = NIGHT_S, *, day_off: bool = False, **more: Any) -> Asked:
    site = Site(plan.quarter(1, 0, day_off=day_off))
    asset = site.lamps["L-0001"]
    said: dict[str, Any] = {"device": None, "follows": Followed(), "windows": []}
    lit = Lit(site.feeder_on(asset.feeder_id), site.lamp_type(asset))
    return Asked(site=site, asset=asset, at_s=at_s, lit=lit, **{**said, **more})


def rules(told: dict[str, Any]) -> list[tuple[str, object]]:
    return [(row["rule"], row["value"]) for row in told["chain"]]


def test_without_a_calendar_the_lamp_is_lit_and_that_is_said() -> None:
    told = explain(asked(), now_s=0)
    assert rules(told) == [("default", 100)]
    assert set(told["sentences"]) == LANGUAGES
    assert "100 %" in told["sentences"]["en"]


def test_the_chain_goes_from_the_weakest_to_the_strongest() -> None:
    window = Window(25, NIGHT_S - 60, NIGHT_S + 60, "o")
    told = explain(asked(follows=FOLLOWED, windows=[(window, "bert")]), now_s=0)
    assert [rule for rule, _ in rules(told)] == ["default", "calendar", "program", "override"]
    assert rules(told)[2:] == [("program", 60), ("override", 25)]
    assert told["chain"][-1]["by"] == "bert"
    assert "bert" in told["sentences"]["nl"]
    assert "25 %" in told["sentences"]["de"]


@pytest.mark.parametrize("shift_s", [-61, 60])
def test_an_override_outside_its_window_is_not_told(shift_s: float) -> None:
    window = Window(25, NIGHT_S - 60, NIGHT_S + 60, "o")
    told = explain(asked(NIGHT_S + shift_s, windows=[(window, "bert")]), now_s=0)
    assert "override" not in [rule for rule, _ in rules(told)]


def test_a_dead_feeder_is_the_strongest_rule_of_the_plan() -> None:
    window = Window(25, DAY_S - 60, DAY_S + 60, "o")
    told = explain(asked(DAY_S, day_off=True, windows=[(window, "bert")]), now_s=0)
    assert rules(told)[-1] == ("feeder_off", 0)
    assert "feeder" in told["sentences"]["en"]


def test_what_the_node_says_of_now_stands_last_and_is_what_is_told() -> None:
    effect = {"level": 80, "reason": "sensor", "ref": None}
    newest = {"node.reasonCode": ["dynamic", NIGHT_S * 1000],
              "lamp.feedbackLightCommand": [effect, NIGHT_S * 1000]}  # fmt: skip
    device = Device("a", "g", "L-0001", newest)
    told = explain(asked(follows=FOLLOWED, device=device), now_s=NIGHT_S)
    assert rules(told)[-1] == ("reported", 80)
    assert "somebody" in told["sentences"]["en"]
    then = explain(asked(follows=FOLLOWED, device=device), now_s=NIGHT_S + 3600)
    assert "reported" not in [rule for rule, _ in rules(then)]


@pytest.mark.parametrize("rule", ["near", "floor", "lowest", "relay", "derated"])
def test_a_rule_that_only_the_node_knows_is_the_one_that_is_told(rule: str) -> None:
    since = "2026-06-21T22:29:00.000+00:00"
    said = json.dumps([
        {"rule": "program", "value": 60, "since": since, "by": None},
        {"rule": rule, "value": 80, "since": since, "by": None},
    ])  # fmt: skip
    effect = {"level": 80, "reason": "sensor", "ref": None}
    newest = {"node.reasonCode": ["dynamic", 1000], "node.reasonChain": [said, 1000],
              "lamp.feedbackLightCommand": [effect, 1000]}  # fmt: skip
    device = Device("a", "g", "L-0001", newest)
    told = explain(asked(device=device), now_s=NIGHT_S)
    assert rules(told)[-3:] == [("program", 60), (rule, 80), ("reported", 80)]
    assert told["chain"][-2]["since"] == since
    newest["node.reasonChain"] = ["", 1000]  # The same reason, and no rule that says more.
    plain = Device("a", "g", "L-0001", newest)
    other = explain(asked(device=plain), now_s=NIGHT_S)["sentences"]
    assert set(told["sentences"]) == LANGUAGES
    assert all(told["sentences"][one] != other[one] for one in LANGUAGES)


def test_a_chain_of_a_stranger_that_is_none_is_left_out() -> None:
    effect = {"level": 80, "reason": "sensor", "ref": None}
    newest = {"node.reasonCode": ["dynamic", 1000], "node.reasonChain": ["because", 1000],
              "lamp.feedbackLightCommand": [effect, 1000]}  # fmt: skip
    told = explain(asked(device=Device("a", "g", "L-0001", newest)), now_s=NIGHT_S)
    assert rules(told)[-1] == ("reported", 80)


@pytest.mark.parametrize(
    "code", ["default", "calendar", "program", "astro", "dynamic", "override", "floor",
             "feeder_off", "boot", "of another version"],
)  # fmt: skip
def test_every_reason_of_a_node_has_its_sentence(code: str) -> None:
    effect = {"level": 80, "reason": "x", "ref": None}
    newest = {"node.reasonCode": [code, 1000], "lamp.feedbackLightCommand": [effect, 1000]}
    device = Device("a", "g", "L-0001", newest)
    told = explain(asked(device=device), now_s=NIGHT_S)
    assert set(told["sentences"]) == LANGUAGES
    assert all(text and "{" not in text for text in told["sentences"].values())
