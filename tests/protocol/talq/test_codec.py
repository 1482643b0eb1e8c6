"""What comes in as bytes is a checked object or a refusal, never anything else."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from talq_examples import examples

from protocol import talq

KINDS = ("Device", "[Device]", "LogReport", "OverrideCommand", "[ControlProgram]", "Calendar",
         "LoggerConfig", "[Service]", "AssignCommand")  # fmt: skip

json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 200) | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=12,
)


def refusal(kind: str, data: bytes) -> talq.TalqError | None:
    """Why a body is refused; any other exception than TalqError fails the test."""
    try:
        talq.decode(kind, data)
    except talq.TalqError as error:
        return error
    return None


@pytest.mark.parametrize(("kind", "body"), examples())
def test_every_example_of_the_page_goes_round(kind: str, body: bytes) -> None:
    value = talq.decode(kind, body)
    assert value == json.loads(body)
    assert talq.decode(kind, talq.encode(value)) == value


def test_the_page_has_an_example_of_each_kind() -> None:
    kinds = {kind for kind, _ in examples()}
    assert kinds >= {
        "Device", "ControlProgram", "Calendar", "AssignCommand", "OverrideCommand",
        "LoggerConfig", "LogReport", "[DeviceClass]", "[Service]",
    }  # fmt: skip


@given(st.sampled_from(KINDS), st.binary(max_size=200))
def test_any_bytes_give_a_talq_error_and_nothing_else(kind: str, data: bytes) -> None:
    error = refusal(kind, data)
    assert error is None or error.status in (400, 422)
    assert error is None or talq.decode("[TALQErrorMessage]", talq.error_body([error]))


@given(st.sampled_from(KINDS), json_values)
def test_any_json_gives_an_object_or_a_talq_error(kind: str, value: Any) -> None:
    error = refusal(kind, json.dumps(value).encode("utf-8", "surrogatepass"))
    assert error is None or error.status in (400, 422)


def replaced(value: Any, path: list[int], new: Any) -> Any:
    """A copy in which the node found by walking `path` is `new`."""
    if not path or not isinstance(value, dict | list) or not value:
        return new
    if isinstance(value, dict):
        key = sorted(value)[path[0] % len(value)]
        return value | {key: replaced(value[key], path[1:], new)}
    index = path[0] % len(value)
    return [*value[:index], replaced(value[index], path[1:], new), *value[index + 1 :]]


@settings(max_examples=300)
@given(
    st.sampled_from(examples()),
    st.lists(st.integers(0, 50), min_size=1, max_size=9),
    json_values,
)
def test_a_damaged_example_is_taken_or_refused_without_a_crash(
    example: tuple[str, bytes], path: list[int], new: Any
) -> None:
    kind, body = example
    error = refusal(kind, json.dumps(replaced(json.loads(body), path, new)).encode())
    assert error is None or error.faults


@pytest.mark.parametrize(
    "body",
    [
        b'{"address": NaN}',
        b'{"address": 1e999}',
        b"[" * 5000,
        b'"\\ud800"',
        b"\xff",
        b"",
        b'{"a": 1} x',
        b'{"a": 0' + b"1" * 400 + b"}",
    ],
)
def test_what_is_no_strict_json_is_400(body: bytes) -> None:
    with pytest.raises(talq.TalqError) as caught:
        talq.read_json(body)
    assert (caught.value.status, caught.value.key) == (400, "payloadError")


@pytest.mark.parametrize(
    "body",
    [
        b'{"a": 1, "a": 1}',
        b'[{"b": {"a": 1, "c": 2, "a" : 3}}]',
        b'{"\\u0061": 1, "a": 2}',
        b'{"a\\":": 1, "a\\":": 2}',
    ],
)
def test_a_key_that_comes_twice_is_400_and_named(body: bytes) -> None:
    with pytest.raises(talq.TalqError) as caught:
        talq.read_json(body)
    assert caught.value.status == 400
    assert caught.value.field.startswith("a")


@given(json_values)
def test_strict_reading_takes_what_json_takes(value: Any) -> None:
    try:
        text = json.dumps(value, allow_nan=False)
    except ValueError:
        return
    assert talq.read_json(text.encode()) == json.loads(text)


@given(st.lists(st.text(st.sampled_from('":\\ a'), max_size=6), max_size=4))
def test_text_that_looks_like_keys_is_not_taken_for_them(texts: list[str]) -> None:
    value = [{text: text} for text in texts]
    assert talq.read_json(json.dumps(value).encode()) == value


@pytest.mark.parametrize("value", [float("nan"), [float("inf")], {"a": -float("inf")}])
def test_what_json_cannot_say_is_not_written(value: Any) -> None:
    with pytest.raises(ValueError, match="NaN"):
        talq.encode(value)


@pytest.mark.parametrize("value", [{1: 2}, b"x", {"a": {1}}])
def test_what_is_not_plain_is_not_written(value: Any) -> None:
    with pytest.raises(TypeError):
        talq.encode(value)
