"""The vectors are what the evaluator says; they change only when somebody asks for it."""

from __future__ import annotations

import json

import pytest
from schedule_vectors import PATH, vectors_text


def test_the_evaluator_says_what_the_vectors_say(request: pytest.FixtureRequest) -> None:
    text = vectors_text()
    if request.config.getoption("--write-vectors"):
        PATH.parent.mkdir(exist_ok=True)
        PATH.write_text(text)
    assert PATH.read_text() == text


def test_the_vectors_hold_every_reason_of_a_schedule() -> None:
    nights = json.loads(PATH.read_text())["nights"]
    reasons = {row[4] for night in nights for row in night["instants"]}
    assert reasons == {"default", "calendar", "program", "astro", "dynamic"}
    assert sum(len(night["instants"]) for night in nights) > 300
