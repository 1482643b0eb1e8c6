"""The command: its sentences and its exit codes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from lamplighter.pki.__main__ import app

Run = Callable[..., tuple[int, str]]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    def call(*words: str) -> tuple[int, str]:
        result = CliRunner().invoke(app, [*words, "--dir", str(tmp_path / "pki")])
        return result.exit_code, result.output

    return call


def test_a_certificate_is_issued_renewed_revoked_and_listed(run: Run) -> None:
    assert run("init", "--site", "test")[0] == 0
    assert run("issue", "cms", "--host", "cms.example")[0] == 0
    code, said = run("issue", "gateway", "north", "--host", "10.0.0.4", "--days", "30")
    assert (code, "urn:lamplighter:gateway:north" in said) == (0, True)
    assert run("renew", "gateway", "north")[0] == 0
    assert run("revoke", "gateway", "north")[0] == 0
    _, said = run("list")
    states = [line.split()[:2] for line in said.splitlines()]
    assert states == [["cms", "valid"], ["gateway-north", "revoked"], ["gateway-north", "revoked"]]


def test_exit_codes_tell_usage_from_missing_from_refused(run: Run) -> None:
    assert run("list")[0] == 3
    assert run("init")[0] == 0
    assert run("init")[0] == 4
    assert run("issue", "gateway", "north")[0] == 2
    assert run("issue", "mayor", "north", "--host", "a.example")[0] == 2
    assert run("issue", "gateway", "north", "--host", "a.example", "--days", "0")[0] == 2
    assert run("revoke", "gateway", "north")[0] == 3
