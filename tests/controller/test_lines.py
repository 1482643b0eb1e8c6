"""The serial lines of the settings: what is wrong is named by its field."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from controller.errors import SettingsError
from controller.lines import ROUND_MS_MAX, SerialLine, check_nodes, read_lines

NODE, OTHER = "0200c0ffee01", "0200c0ffee02"


def test_a_line_has_its_port_baud_and_addresses() -> None:
    found = read_lines([{"port": "/dev/ttyUSB0", "nodes": {NODE: 1, OTHER: 247}}], "c.toml")
    assert found == (SerialLine("/dev/ttyUSB0", 115200, {NODE: 1, OTHER: 247}),)
    assert read_lines([], "c.toml") == ()


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("/dev/ttyUSB0", r"lines\[0\] is '/dev/ttyUSB0'; expected a table"),
        ({"port": 5, "nodes": {NODE: 1}}, r"lines\[0\].port is 5"),
        ({"nodes": {NODE: 1}}, r"lines\[0\].port is None"),
        ({"port": "a", "baud": 300, "nodes": {NODE: 1}}, r"lines\[0\].baud is 300"),
        ({"port": "a", "baud": True, "nodes": {NODE: 1}}, r"lines\[0\].baud is True"),
        ({"port": "a"}, r"lines\[0\].nodes is None"),
        ({"port": "a", "nodes": {}}, r"lines\[0\].nodes is {}"),
        ({"port": "a", "nodes": {"lamp": 1}}, r"lines\[0\].nodes.lamp: expected a node id"),
        ({"port": "a", "nodes": {NODE: 0}}, rf"lines\[0\].nodes.{NODE} is 0"),
        ({"port": "a", "nodes": {NODE: 248}}, rf"lines\[0\].nodes.{NODE} is 248"),
        ({"port": "a", "nodes": {NODE: 3, OTHER: 3}}, rf"nodes.{OTHER} is 3, as {NODE} is"),
        (
            {"port": "a", "baud": 38400, "nodes": {f"{n:012x}": n for n in range(1, 33)}},
            r"lines\[0\]: at 38400 baud 32 nodes may be asked only every 11.1 s",
        ),
        ({"port": "a", "speed": 1, "nodes": {NODE: 1}}, r"lines\[0\]: unknown key 'speed'"),
    ],
)
def test_a_wrong_line_names_its_field(row: object, said: str) -> None:
    with pytest.raises(SettingsError, match=said):
        read_lines([row], "c.toml")


def test_a_full_line_is_asked_before_its_nodes_believe_the_controller_gone() -> None:
    text = (Path(__file__).parents[2] / "firmware" / "line.py").read_text()
    found = re.search(r"^_LOST_MS = (\d+)", text, re.MULTILINE)
    assert found
    assert int(found[1]) > ROUND_MS_MAX
    read_lines([{"port": "a", "nodes": {f"{n:012x}": n for n in range(1, 46)}}], "c.toml")


def test_a_node_is_on_one_line_only() -> None:
    rows = [{"port": port, "nodes": {NODE: 1}} for port in ("a", "b")]
    with pytest.raises(SettingsError, match=rf"lines\[1\].nodes.{NODE} is on another line"):
        read_lines(rows, "c.toml")


def test_a_node_that_the_plan_has_not_is_named() -> None:
    rows = read_lines([{"port": "a", "nodes": {NODE: 1, OTHER: 2}}], "c.toml")
    check_nodes(rows, {NODE, OTHER})
    with pytest.raises(SettingsError, match=rf"lines\[0\].nodes.{OTHER}: the plan has no"):
        check_nodes(rows, {NODE})
