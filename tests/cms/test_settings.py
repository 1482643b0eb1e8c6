from __future__ import annotations

from pathlib import Path

import pytest

from cms.errors import SettingsError, UsageError
from cms.settings import load

PLAIN = {"LAMPLIGHTER_CMS_PLAIN_HTTP": "yes"}


def test_without_a_file_everything_has_its_default() -> None:
    made = load(None, PLAIN, {})
    assert (made.host, made.port, made.url) == ("127.0.0.1", 8080, "http://127.0.0.1:8080")
    assert made.db == "sqlite+aiosqlite:///cms-data/cms.db"
    assert made.plan is None
    assert made.talq_allow_loopback is False


def test_flags_are_stronger_than_the_environment_and_that_than_the_file(tmp_path: Path) -> None:
    path = tmp_path / "cms.toml"
    path.write_text('listen = "1.1.1.1:1"\nurl = "http://city.test/"\nexpected_gateways = "a,b"\n')
    environment = {**PLAIN, "LAMPLIGHTER_CMS_LISTEN": "2.2.2.2:2"}
    assert load(path, PLAIN, {}).port == 1
    assert load(path, environment, {"listen": None}).port == 2
    made = load(path, environment, {"listen": "[::1]:3"})
    assert (made.host, made.port) == ("[::1]", 3)
    assert made.url == "http://city.test"
    assert made.expected_gateways == ("a", "b")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("lissen = 'x'", "unknown key 'lissen'"),
        ("listen = 8080", "listen is 8080"),
        ("listen = '8080'", "expected HOST:PORT"),
        ("listen = 'host:0'", "expected HOST:PORT"),
        ("listen = 'host:70000'", "expected HOST:PORT"),
        ("talq_allow_loopback = 'maybe'", "expected yes or no"),
        ("tls_cert = 'cms.crt'", "choose one"),
        ("= nothing", "not TOML"),
    ],
)
def test_a_wrong_setting_names_the_key_and_what_is_expected(
    tmp_path: Path, text: str, said: str
) -> None:
    path = tmp_path / "cms.toml"
    path.write_text(text)
    with pytest.raises(SettingsError, match=said):
        load(path, PLAIN, {})


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"no\.toml: cannot be read"):
        load(tmp_path / "no.toml", PLAIN, {})


def test_t12_without_tls_plain_http_must_be_said() -> None:
    with pytest.raises(UsageError, match="--plain-http"):
        load(None, {}, {})
    assert load(None, {}, {"plain_http": "yes"}).tls is None


def test_with_tls_files_the_address_is_https() -> None:
    flags = {"tls_cert": "a", "tls_key": "b", "tls_ca": "c"}
    made = load(None, {}, flags)
    assert made.url == "https://127.0.0.1:8080"
    assert made.tls == (Path("a"), Path("b"), Path("c"), None)
