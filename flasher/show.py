"""How commands speak: progress for people, one JSON object for scripts, errors with their code."""

from __future__ import annotations

import contextlib
import json
import os
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from .home_io import PASSPHRASE
from .troubles import INTERRUPTED, MISSING, FlashError

out = Console(soft_wrap=True)
err = Console(stderr=True, soft_wrap=True)


def say_json(said: Mapping[str, Any]) -> None:
    """A result for scripts: one line on standard output."""
    sys.stdout.write(json.dumps(said) + "\n")
    sys.stdout.flush()


@contextlib.contextmanager
def exits(*, as_json: bool = False) -> Iterator[None]:
    """Turn errors into a sentence and an exit code."""
    try:
        yield
    except FlashError as error:
        if as_json:
            say_json({"error": str(error), "name": error.name, "code": error.code})
        else:
            err.print(f"[bold red]{escape(error.name)}[/]: {escape(str(error))}")
        raise typer.Exit(error.code) from error
    except KeyboardInterrupt:
        err.print("Interrupted. A board that was being written is half-done: run it again.")
        raise typer.Exit(INTERRUPTED) from None


class Steps:
    """A bar for each step of one board; silent for scripts."""

    def __init__(self, *, quiet: bool) -> None:
        self._tasks: dict[str, TaskID] = {}
        self._bars = Progress(
            TextColumn("{task.description:<12}"), BarColumn(40),
            TextColumn("{task.percentage:>3.0f} %"), TimeElapsedColumn(), console=err,
            disable=quiet,
        )  # fmt: skip

    def __enter__(self) -> Steps:
        self._bars.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bars.stop()

    def tell(self, step: str, done: int, total: int) -> None:
        """How far a step is; those before it are over."""
        if step not in self._tasks:
            for task in self._tasks.values():
                self._bars.update(task, completed=1, total=1)
            self._tasks[step] = self._bars.add_task(step, total=max(1, total))
        self._bars.update(self._tasks[step], completed=done, total=max(1, total))


def checks(rows: list[Mapping[str, Any]], failed: list[str]) -> None:
    """A self-test's lines for people: passed, failed, left to the pole, or no such part."""
    for row in rows:
        word = "[green]  ok [/]" if row["passed"] else "[dim]  -  [/]"
        if row["passed"] is False:
            word = "[bold red] FAIL[/]" if row["check"] in failed else "[yellow]later[/]"
        out.print(f"{word}  {row['check']:<12} {escape(row['what'])}")


def passphrase(path: Path | None, *, new: bool = False) -> str:
    """The laptop's passphrase: from a file, the environment, or a person."""
    if path is not None:
        try:
            return path.read_text().strip("\r\n")
        except OSError as error:
            raise FlashError(f"{path}: {error.strerror}.", MISSING) from error
    if os.environ.get(PASSPHRASE):
        return os.environ[PASSPHRASE]
    if not sys.stdin.isatty():
        raise FlashError(
            f"The laptop's keys are locked: give --passphrase-file or {PASSPHRASE}.", MISSING
        )
    return str(typer.prompt("Passphrase", hide_input=True, confirmation_prompt=new, err=True))
