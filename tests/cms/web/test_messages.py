"""The words of the pages: the same in every language, and none forgotten."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
SOURCES = ROOT / "cms" / "web" / "src"
LANGUAGES = ("en", "fr", "nl", "de")
Message = str | dict[str, str]


def read(language: str) -> dict[str, Message]:
    found: dict[str, Message] = json.loads((SOURCES / f"messages/{language}.json").read_text())
    return found


def forms(message: Message) -> list[str]:
    return [message] if isinstance(message, str) else list(message.values())


@pytest.mark.parametrize("language", LANGUAGES)
def test_all_languages_have_the_same_keys(language: str) -> None:
    assert set(read(language)) == set(read("en"))


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_message_is_empty_or_lacks_a_plural(language: str) -> None:
    for key, message in read(language).items():
        assert all(text.strip() for text in forms(message)), key
        if not isinstance(message, str):
            assert set(message) == {"one", "other"}, key


@pytest.mark.parametrize("language", LANGUAGES)
def test_messages_take_the_same_values_as_in_english(language: str) -> None:
    english = read("en")
    for key, message in read(language).items():
        wanted = {name for text in forms(english[key]) for name in re.findall(r"\{(\w+)\}", text)}
        got = {name for text in forms(message) for name in re.findall(r"\{(\w+)\}", text)}
        assert got == wanted, key
        assert all(text.count("*") % 2 == 0 for text in forms(message)), key


def test_every_message_is_used_somewhere_in_the_pages() -> None:
    paths = [p for p in SOURCES.rglob("*") if p.suffix in {".svelte", ".ts"}]
    code = "\n".join(path.read_text() for path in paths)
    prefixes = set(re.findall(r"`(\w+)\.\$\{", code)) | set(re.findall(r"word\('(\w+)'", code))
    unused = [
        key
        for key in read("en")
        if f"'{key}'" not in code and f'"{key}"' not in code and key.split(".")[0] not in prefixes
    ]
    assert not unused
