"""DALI drivers in the street: light and power of a level, mains, faults, nodes that are gone."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hardware_sim import gear
from hardware_sim.board import layout
from hardware_sim.pages import Pages
from hardware_sim.world.street import FAULTS, Fault, Street
from protocol import plan

NIGHT_S = 1_795_302_000.0  # 2026-11-21 23:00 UTC
FEEDER = "F-3"


def site() -> plan.Plan:
    """A lamp on nema, then two on zhaga."""
    made = plan.quarter(6, 0)
    first, last = made.assets[0], made.assets[-1]
    lamps = [first, last, msgspec.structs.replace(last, asset_id="L-0007", node_id="02aa00000007")]
    lamps[1:] = [msgspec.structs.replace(lamp, lamp_board="zhaga") for lamp in lamps[1:]]
    return msgspec.structs.replace(made, assets=lamps)


class Night:
    """A street at night, with nodes that drive as they are told."""

    def __init__(self, folder: Path) -> None:
        self.pages = Pages(folder / "pages", 3)
        self.pages.driven[:], self.pages.duty[:] = 1, 32768
        self.street = Street(site(), self.pages, 1)
        self.street.traffic.on = False
        self.now_s = NIGHT_S
        self.step()

    def step(self, seconds: float = 0.05) -> list[float]:
        """Time passes; the light of the lamps."""
        self.now_s += seconds
        self.street.step(self.now_s)
        return [round(float(light), 1) for light in self.street.light_percent]

    def command(self, arc: int) -> None:
        """Both drivers are given a level."""
        self.pages.gear_arc[1:] = arc
        self.pages.gear_status[1:] = 0


@pytest.fixture
def night(tmp_path: Path) -> Night:
    return Night(tmp_path)


def test_a_driver_gives_the_light_of_its_level_and_draws_the_power_of_its_type(
    night: Night,
) -> None:
    assert night.step() == [50.0, 100.0, 100.0], "new drivers are lit after mains"
    night.command(229)
    nema, zhaga, other = night.step()
    assert (nema, zhaga) == (50.0, other)
    assert zhaga == round(gear.light_percent(night.pages, 1), 1) == pytest.approx(50.5, abs=1)
    lamp_type = site().lamp_types[0]
    assert night.street.power_w[1] == pytest.approx(lamp_type.power_w(zhaga), rel=0.01)
    assert night.pages.power_mw[1] == pytest.approx(night.street.power_w[1] * 1000, abs=1)
    night.command(0)
    assert night.step() == [50.0, 0.0, 0.0]
    assert night.street.power_w[2] < 1


def test_the_level_after_mains_and_the_level_without_a_node_are_the_drivers_own(
    night: Night,
) -> None:
    night.pages.gear_levels[1] = 229 << 8 | 200  # Without a bus, after mains.
    night.pages.gear_levels[2] = 255 << 8 | 255  # As it was, in both cases.
    night.command(100)
    before = night.step()
    night.street.node_died(0)
    night.street.node_died(1)
    night.street.node_died(2)
    nema, zhaga, as_it_was = night.step()
    assert (nema, as_it_was) == (100.0, before[2])
    assert zhaga == pytest.approx(50.5, abs=1)
    night.street.mains.forced[FEEDER] = False
    assert night.step()[1:] == [0.0, 0.0]
    assert [int(said) for said in night.pages.gear_world[1:]] == [layout.GEAR_DEAD] * 2
    night.street.node_died(1)  # Without mains it keeps no bus from nothing.
    night.street.mains.forced[FEEDER] = True
    after = night.step()
    assert after[1] == round(gear.light_percent(night.pages, 1), 1) < 25
    assert after[2] == before[2]
    assert int(night.pages.gear_status[1]) == layout.GEAR_POWER_SEEN


def test_faults_are_what_a_driver_tells_of_itself(night: Night) -> None:
    night.command(100)
    told: tuple[tuple[Fault, int, float, float, float], ...] = (
        ("lamp_open", layout.GEAR_LAMP_OUT, 0.0, 0.1, 1.0),
        ("driver_dead", layout.GEAR_DEAD, 0.0, 0.0, 0.0),
        ("stuck_on", layout.GEAR_FAILED, 100.0, 57.0, 58.1),
    )
    for fault, said, light, power_min, power_max in told:
        night.street.faults[1] = fault
        assert night.step()[1] == light, fault
        assert int(night.pages.gear_world[1]) == said
        assert power_min <= float(night.street.power_w[1]) <= power_max
        assert int(night.pages.gear_world[2]) == 0
    night.street.faults[1] = "driver_dead"
    night.step()
    night.street.faults[1] = None
    assert night.step()[1] == 100.0, "one that is new begins with its level after mains"


def test_a_pulled_node_has_no_power_and_its_driver_no_bus(night: Night) -> None:
    night.pages.gear_levels[1] = 200 << 8 | 254
    night.street.pulled = {1}
    assert night.street.boards_live().tolist() == [True, False, True]
    night.street.mains.forced[FEEDER] = False
    night.step()
    night.street.mains.forced[FEEDER] = True
    light = night.step()
    assert light[1] == round(gear.light_percent(night.pages, 1), 1) < 25
    assert light[2] == 100.0


def test_a_driver_counts_its_hours_and_its_starts(night: Night) -> None:
    pages = night.pages
    night.step(3600)
    night.command(0)
    night.step(0.05)
    night.step(1800)
    assert (int(pages.gear_starts[1]), int(pages.light_starts[1])) == (1, 1)
    assert int(pages.gear_on_s[1]) - int(pages.light_on_s[1]) == pytest.approx(1800, abs=2)
    night.command(254)
    night.street.mains.forced[FEEDER] = False
    night.step()
    on_s = int(pages.gear_on_s[1])
    night.step(600)
    assert int(pages.gear_on_s[1]) == on_s
    night.street.mains.forced[FEEDER] = True
    night.step()
    assert (int(pages.gear_starts[1]), int(pages.light_starts[1])) == (2, 2)


def test_a_world_that_is_started_again_has_the_drivers_that_it_had(
    night: Night, tmp_path: Path
) -> None:
    night.pages.gear_levels[1] = 229 << 8 | 200
    night.pages.gear_levels[2] = 255 << 8 | 255
    night.command(120)
    night.street.pulled = {0}
    before = night.step(5000)
    said = json.loads(json.dumps(night.street.saved()))
    (tmp_path / "again").mkdir()
    again = Night(tmp_path / "again")
    again.street.restore(said)
    light = again.step()
    assert light[1] == pytest.approx(50.5, abs=1), "its node went with the world"
    assert light[2] == before[2]
    assert again.street.pulled == {0}
    assert int(again.pages.gear_levels[1]) == 229 << 8 | 200
    for name in ("gear_on_s", "gear_starts", "light_on_s", "light_starts"):
        now, then = (int(getattr(one.pages, name)[1]) for one in (again, night))
        assert abs(now - then) <= 1, name


def test_what_was_saved_of_another_street_is_left(night: Night) -> None:
    night.street.restore({"drivers": {"alive": [True]}, "pulled": ["L-9999"]})
    assert night.step() == [50.0, 100.0, 100.0]
    assert night.street.pulled == set()


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["mains", "fault", "died", "arc", "pull"]),
        st.integers(0, 254),
        st.sampled_from([None, *FAULTS]),
    ),
    max_size=12,
)


@settings(max_examples=60, deadline=None)
@given(STEPS)
def test_a_commissioned_driver_without_a_node_is_lit_whatever_came_before(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, int, Fault | None]]
) -> None:
    night = Night(tmp_path_factory.mktemp("drivers"))
    night.pages.gear_levels[1:] = 254 << 8 | 254
    for what, number, fault in steps:
        if what == "mains":
            night.street.mains.forced[FEEDER] = bool(number & 1)
        elif what == "fault":
            night.street.faults[1] = fault
        elif what == "died":
            night.street.node_died(1)
        elif what == "pull":
            night.street.pulled = {1} if number & 1 else set()
        else:
            night.command(number)
        light = night.step()
        dark = night.street.faults[1] in ("lamp_open", "driver_dead")
        live = bool(night.street.powered[1])
        assert live or light[1] == 0
        assert not dark or light[1] == 0
    night.street.mains.forced[FEEDER] = True
    night.street.faults[1] = None
    night.step()
    night.street.node_died(1)
    assert night.step()[1] == 100.0
