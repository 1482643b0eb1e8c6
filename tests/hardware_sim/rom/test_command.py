"""`lamplighter sim board`: usage and what cannot be used."""

from __future__ import annotations

from pathlib import Path

import pytest

from hardware_sim.rom.command import main


@pytest.mark.parametrize(
    "arguments",
    [[], ["--chip", "esp8266"], ["--data", "d", "--ready-file", "f", "--fault", "fire"]],
)
def test_wrong_usage_is_told(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments) == 2
    assert "usage" in capsys.readouterr().err


def test_help_names_the_faults(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "400")
    assert main(["--help"]) == 0
    assert "bad-sector=N" in capsys.readouterr().out


def test_a_flash_of_another_size_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "flash.bin").write_bytes(b"\xff" * 100)
    assert main(["--data", str(tmp_path), "--ready-file", str(tmp_path / "f")]) == 3
    assert "100 bytes" in capsys.readouterr().out


def test_a_folder_that_cannot_be_made_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("")
    assert main(["--data", str(tmp_path / "file" / "x"), "--ready-file", "f"]) == 3
    assert "board:" in capsys.readouterr().out
