from __future__ import annotations

from typing import Any

import pytest

from cms import drivers
from cms.assets import Device
from cms.site import Site
from controller import driver_words
from protocol import plan

SITE = Site(plan.quarter(1, 0))
AT_MS = 1_795_248_000_000
NOW_S = AT_MS / 1000 + 90


@pytest.mark.parametrize(("fact", "told"), driver_words.FACTS.items(), ids=driver_words.FACTS)
def test_each_fact_of_a_driver_has_the_name_that_it_has_on_the_wire(
    fact: str, told: tuple[str, str, str, int]
) -> None:
    function, attribute, _, _ = told
    device = Device("a", "g", "L-0001", {f"{function}.{attribute}": [7, AT_MS]})
    names = {"power_factor_percent": "power_factor"}  # It is no longer percent.
    found = drivers.driver(SITE, "L-0001", device, NOW_S)
    assert found["values"] == {names.get(fact, fact): 7}
    assert found["age_s"] == 90


def test_what_is_not_of_a_driver_is_left_out() -> None:
    newest: dict[str, list[Any]] = {
        "node.bootCount": [3, AT_MS], "monitor.activePower": [40.0, AT_MS],
        "node.driverCri": [None, AT_MS],
    }  # fmt: skip
    found = drivers.driver(SITE, "L-0001", Device("a", "g", "L-0001", newest), NOW_S)
    assert found == {"id": "L-0001", "reported_at": None, "age_s": None, "values": {}}
    assert drivers.driver(SITE, "L-0001", None, NOW_S) == found
