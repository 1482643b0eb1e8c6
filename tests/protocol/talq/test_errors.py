"""Errors say status, key, field, and become the list that T7 asks for."""

from __future__ import annotations

import json

import pytest

from protocol import talq


def test_a_body_lists_every_fault_with_its_key_t7() -> None:
    about = (("calendars", "c1"),)
    error = talq.TalqError(422, "relatedResourceNotFound", "no such calendar", "entity", about)
    body = json.loads(talq.error_body([error, talq.Fault(404, "resourceNotFound", "gone")]))
    assert body == [
        {"key": "relatedResourceNotFound", "description": "entity: no such calendar",
         "references": [{"address": {"resource": "calendars", "address": "c1"}}]},
        {"key": "resourceNotFound", "description": "gone"},
    ]  # fmt: skip


def test_a_wrong_shape_weighs_more_than_the_impossible_t8() -> None:
    faults = [talq.Fault(422, "resourceConflict", "b"), talq.Fault(400, "payloadError", "a", "f")]
    error = talq.TalqError.of(faults)
    assert (error.status, error.key, error.field, error.description) == (
        400, "payloadError", "f", "a",
    )  # fmt: skip
    assert len(error.faults) == 2


def test_only_the_documented_keys_are_used() -> None:
    assert len(talq.KEY_STATUS) == 15
    with pytest.raises(ValueError, match="no key"):
        talq.TalqError(400, "badLuck", "x")
