from __future__ import annotations

from pathlib import Path

import pytest

from controller.errors import SettingsError, UsageError
from controller.settings import load, read_site_key

KEY = "00112233" * 8


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    key = tmp_path / "site.key"
    key.write_text(KEY + "\n")
    key.chmod(0o600)
    (tmp_path / "c.toml").write_text(
        'plan = "plan.json"\nsite_key_file = "site.key"\nplain_http = true\n'
    )
    return tmp_path


def changed(folder: Path, *lines: str) -> Path:
    path = folder / "c.toml"
    path.write_text(path.read_text() + "\n".join(lines) + "\n")
    return path


def test_what_is_not_given_has_its_default_beside_the_file(folder: Path) -> None:
    made = load(folder / "c.toml", {})
    assert made.plan == folder / "plan.json"
    assert made.data == folder / "controller-data"
    assert made.site_key == bytes.fromhex(KEY)
    assert (made.gateway_url, made.broker_password) == ("http://127.0.0.1:8765", None)


def test_the_environment_is_stronger_than_the_file(folder: Path) -> None:
    path = changed(folder, "broker_port = 1", 'cms = ["http://a"]')
    made = load(path, {"LAMPLIGHTER_CONTROLLER_BROKER_PORT": "2"}, ("http://b", "http://a"))
    assert made.broker_port == 2
    assert made.cms == ("http://a", "http://b")
    listed = load(path, {"LAMPLIGHTER_CONTROLLER_CMS": "http://x,http://y"})
    assert listed.cms == ("http://x", "http://y")


def test_the_password_is_read_from_its_file(folder: Path) -> None:
    (folder / "word").write_text("secret\n")
    path = changed(folder, 'broker_password_file = "word"')
    assert load(path, {}).broker_password == "secret"


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("heartbeats = 5", "unknown key 'heartbeats'"),
        ('broker_port = "many"', "broker_port is 'many'; expected int"),
        ("broker_port = true", "broker_port"),
        ("broker_host = 5", "broker_host is 5; expected str"),
        ("cms = 5", "cms is 5; expected list"),
        ('broker_password_file = "missing"', "broker_password_file"),
        ("heartbeat_s = 0", "heartbeat_s is 0"),
        ("heartbeat_s = 99999", "heartbeat_s is 99999"),
        ("fade_s = -1", "fade_s is -1"),
        ("listen_port = 70000", "listen_port is 70000"),
        ("this is no toml", "not TOML"),
    ],
)
def test_a_wrong_setting_names_file_and_key(folder: Path, line: str, said: str) -> None:
    path = changed(folder, line)
    with pytest.raises(SettingsError) as refusal:
        load(path, {})
    assert "c.toml" in str(refusal.value)
    assert said in str(refusal.value)


def test_what_must_be_given_is_asked_for_by_name(folder: Path) -> None:
    (folder / "c.toml").write_text('plan = "plan.json"\n')
    with pytest.raises(SettingsError, match="site_key_file is missing"):
        load(folder / "c.toml", {})
    with pytest.raises(SettingsError, match=r"no\.toml"):
        load(folder / "no.toml", {})


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o666])
def test_a_site_key_that_others_may_read_is_refused(folder: Path, mode: int) -> None:
    (folder / "site.key").chmod(mode)
    with pytest.raises(SettingsError, match="must be 0600"):
        read_site_key(folder / "site.key")


@pytest.mark.parametrize("text", ["", "zz" * 32, "00" * 31])
def test_a_site_key_of_another_form_is_refused(folder: Path, text: str) -> None:
    (folder / "site.key").write_text(text)
    with pytest.raises(SettingsError, match="64 hex digits"):
        read_site_key(folder / "site.key")


def test_t12_without_tls_plain_http_must_be_said(folder: Path) -> None:
    path = folder / "c.toml"
    path.write_text('plan = "plan.json"\nsite_key_file = "site.key"\n')
    with pytest.raises(UsageError, match="--plain-http"):
        load(path, {})
    assert load(path, {}, plain_http=True).tls is None
    assert load(path, {"LAMPLIGHTER_CONTROLLER_PLAIN_HTTP": "yes"}).tls is None


def test_plain_http_is_yes_or_no_and_excludes_certificates(folder: Path) -> None:
    with pytest.raises(SettingsError, match="expected bool"):
        load(folder / "c.toml", {"LAMPLIGHTER_CONTROLLER_PLAIN_HTTP": "perhaps"})
    with pytest.raises(UsageError, match="choose one"):
        load(changed(folder, 'tls_cert = "a"'), {})


def test_with_tls_files_the_address_is_https(folder: Path) -> None:
    path = folder / "c.toml"
    path.write_text(
        'plan = "plan.json"\nsite_key_file = "site.key"\n'
        'tls_cert = "a"\ntls_key = "b"\ntls_ca = "/c"\ntls_crl = "d"\n'
    )
    made = load(path, {})
    assert made.gateway_url == "https://127.0.0.1:8765"
    assert made.tls == (folder / "a", folder / "b", Path("/c"), folder / "d")
    with pytest.raises(UsageError, match="is not https"):
        load(path, {}, ("http://cms.example/talq",))
