from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import typer.testing
from hypothesis import given
from hypothesis import strategies as st

from bench import __main__ as bench
from bench.figures import Figure, against, write

ROOT = Path(__file__).resolve().parents[2]
NUMBERS = st.floats(0.01, 1e6)


def figure(value: float = 2.0, ratio: float | None = None, goal: float | None = None,
           better: str = "higher") -> Figure:  # fmt: skip
    return Figure("figure", value, "unit", None, ratio, goal, better)


@given(NUMBERS, NUMBERS, NUMBERS, st.sampled_from(["higher", "lower"]))
def test_a_goal_is_compared_with_the_ratio_where_there_is_one(
    value: float, ratio: float, goal: float, better: str
) -> None:
    for made, measured in ((figure(value, ratio, goal, better), ratio),
                           (figure(value, None, goal, better), value)):  # fmt: skip
        assert made.reached is (measured >= goal if better == "higher" else measured <= goal)


def test_without_a_goal_nothing_is_reached_or_missed() -> None:
    assert figure().reached is None


def test_a_figure_against_a_baseline_is_their_ratio() -> None:
    made = against("bytes", 25.0, "bytes", 100.0, goal=0.3, better="lower")
    assert (made.ratio, made.baseline, made.reached) == (0.25, 100.0, True)


def test_the_file_has_the_fields_of_the_contract_and_no_others(tmp_path: Path) -> None:
    path = tmp_path / "figures.json"
    write([figure(), against("b", 1.0, "s", 2.0, goal=None, better="lower")], path)
    page = (ROOT / "docs" / "contract.md").read_text()
    listed = page.split("## Figures")[1].split("a list of")[1].split(";")[0]
    fields = re.findall(r"`([a-z]+)`", listed.split("(")[0])
    rows = json.loads(path.read_text())
    assert [row["name"] for row in rows] == ["figure", "b"]
    assert all(set(row) == set(fields) for row in rows)
    assert list(tmp_path.iterdir()) == [path]


@pytest.fixture
def measured(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What is measured, instead of measuring it."""
    asked: list[str] = []

    def fake(name: str) -> list[Figure]:
        asked.append(name)
        return [Figure(f"{name}_speed", 3.0, "1/s", 1.5, 2.0, 4.0, "higher")]

    fakes = {name: lambda name=name: fake(name) for name in bench.BENCHES}
    monkeypatch.setattr(bench, "BENCHES", fakes)
    return asked


def test_only_what_is_asked_is_measured_and_all_without_a_wish(
    measured: list[str], tmp_path: Path
) -> None:
    runner = typer.testing.CliRunner()
    path = tmp_path / "figures.json"
    done = runner.invoke(bench.app, ["--json", str(path), "--only", "frames"])
    assert done.exit_code == 0, done.output
    assert measured == ["frames"]
    assert json.loads(path.read_text())[0]["ratio"] == 2.0
    measured.clear()
    assert runner.invoke(bench.app, []).exit_code == 0
    assert measured == list(bench.BENCHES)


def test_the_table_says_what_is_missed(measured: list[str]) -> None:
    told = typer.testing.CliRunner().invoke(bench.app, ["--only", "frames"]).output
    assert "frames_speed" in told
    assert "≥ 4" in told
    assert "NO" in told


def test_a_figure_that_nobody_knows_is_wrong_usage(measured: list[str]) -> None:
    done = typer.testing.CliRunner().invoke(bench.app, ["--only", "nothing"])
    assert done.exit_code == 2
    assert not measured
