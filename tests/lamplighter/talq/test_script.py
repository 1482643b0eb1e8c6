"""Lines of a script."""

from __future__ import annotations

import pytest

from lamplighter.talq import script


def test_a_step_is_read_and_empty_lines_are_none() -> None:
    step = script.read('{"call": "getDevices", "expect": [200, 404]}', 1)
    assert step == {"call": "getDevices", "expect": [200, 404]}
    assert script.read("  # a comment", 2) is None
    assert script.read("\n", 3) is None


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("{", "line 7: no JSON"),
        ("[]", "an object"),
        ('{"cal": "getDevices"}', "one of call"),
        ('{"call": "a", "set": {}}', "one of call"),
        ('{"call": "a", "expected": 1}', "has no expected"),
        ('{"call": "a", "path": "b"}', "path is 'b'"),
        ('{"wait_for": {}}', "names an operation"),
        ('{"set": {"answer": {"operation": "getDevices"}}}', "with operation and status"),
        ('{"sleep_s": "1"}', "sleep_s is '1'"),
    ],
)
def test_a_line_that_is_no_step_is_told(line: str, said: str) -> None:
    with pytest.raises(script.ScriptError, match=said):
        script.read(line, 7)


def test_names_stand_for_addresses_and_for_parts_of_answers() -> None:
    known = {"gateway": "g-1", "devices": [{"address": "d-1"}]}
    body = {"a": "${devices.0.address}/lamp", "b": ["${devices}"], "c": 1}
    assert script.filled(body, known) == {"a": "d-1/lamp", "b": [known["devices"]], "c": 1}
    with pytest.raises(script.ScriptError, match="there is no 'address2'"):
        script.filled("${devices.0.address2}", known)
    with pytest.raises(script.ScriptError, match="there is no 'nobody'"):
        script.filled("${nobody}", known)
