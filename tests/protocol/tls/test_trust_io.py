"""The four files: what they say, what is wrong with them, and when they are read again."""

from __future__ import annotations

import datetime
import shutil
import ssl
from pathlib import Path

import pytest
import tls_rig

from protocol import tls
from protocol.tls import trust_io


@pytest.fixture
def site(tmp_path: Path) -> tls_rig.Site:
    made = tls_rig.Site(tmp_path / "pki")
    made.issue("cms")
    made.issue("gateway", "north")
    return made


def test_a_key_that_others_may_read_is_not_used(site: tls_rig.Site) -> None:
    site.files("cms").key.chmod(0o640)
    with pytest.raises(tls.TrustError, match="0600"):
        site.trust("cms")


def test_a_fault_names_its_file(site: tls_rig.Site) -> None:
    files = site.files("cms")
    with pytest.raises(tls.TrustError, match=r"nowhere\.crt: No such file"):
        tls.Trust(files._replace(cert=site.path / "nowhere.crt"))
    with pytest.raises(tls.TrustError, match=r"ca\.crt: no list of revocations"):
        tls.Trust(files._replace(crl=site.path / "ca.crt"))
    with pytest.raises(tls.TrustError, match="KEY_VALUES_MISMATCH"):
        tls.Trust(files._replace(key=site.files("gateway-north").key))
    (site.path / "no.crt").write_text("no certificate")
    with pytest.raises(tls.TrustError, match=r"no\.crt"):
        tls.Trust(files._replace(cert=site.path / "no.crt"))


def test_files_that_do_not_fit_leave_the_former_in_force(
    site: tls_rig.Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trust_io, "_LOOK_S", 0.0)
    trust = site.trust("cms")
    before = trust.own
    keep = site.files("cms").key.read_bytes()
    shutil.copy(site.files("gateway-north").key, site.files("cms").key)
    assert trust.own == before
    site.files("cms").key.write_bytes(keep)
    site.folder.renew("cms", tls_rig.now() + datetime.timedelta(days=1), 365)
    assert trust.own.not_after_s > before.not_after_s


def test_a_revoked_certificate_is_good_no_more(
    site: tls_rig.Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trust_io, "_LOOK_S", 0.0)
    trust, north = site.trust("cms"), site.trust("gateway-north").own
    assert trust.good(north)
    assert not trust.good(north._replace(not_after_s=int(tls_rig.now().timestamp()) - 1))
    site.folder.revoke("gateway-north", tls_rig.now())
    assert not trust.good(north)


def test_lists_of_several_authorities_may_stand_in_one_file(
    site: tls_rig.Site, tmp_path: Path
) -> None:
    other = tls_rig.Site(tmp_path / "other")
    other.issue("gateway", "south")
    south = other.trust("gateway-south").own
    other.folder.revoke("gateway-south", tls_rig.now())
    both = tmp_path / "both.pem"
    lists = [(folder / "crl.pem").read_bytes() for folder in (site.path, other.path)]
    both.write_bytes(b"".join(lists))
    trust = tls.Trust(site.files("cms")._replace(crl=both))
    assert not trust.good(south)
    assert trust.good(site.trust("gateway-north").own)


def test_no_foreign_authority_can_name_our_gateways(site: tls_rig.Site, tmp_path: Path) -> None:
    other = tls_rig.Site(tmp_path / "other")
    other.issue("gateway", "north")
    der = ssl.PEM_cert_to_DER_cert((other.path / "gateway-north.crt").read_text())
    found = site.trust("cms").read(der).identity
    assert found == ("foreign:CN=test site authority,O=Lamplighter:urn:lamplighter:gateway:north")


NONE = dict.fromkeys(("tls_cert", "tls_key", "tls_ca", "tls_crl"), "")
ALL = {"tls_cert": "a", "tls_key": "b", "tls_ca": "c", "tls_crl": ""}


def test_files_are_chosen_or_plain_http_is_said_aloud() -> None:
    base = Path("/etc/lamplighter")
    assert tls.chosen(NONE, base, plain_http=True) is None
    found = tls.chosen({**ALL, "tls_ca": "/c"}, base, plain_http=False)
    assert found == (base / "a", base / "b", Path("/c"), None)
    assert tls.chosen({**ALL, "tls_crl": "d"}, base, plain_http=False) == (
        base / "a", base / "b", base / "c", base / "d",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("said", "plain_http", "fault"),
    [
        (NONE, False, "plain-http"),
        ({**NONE, "tls_crl": "d"}, False, "tls_cert is missing"),
        ({**ALL, "tls_key": ""}, False, "tls_key is missing"),
        (ALL, True, "choose one"),
    ],
)
def test_half_a_choice_is_a_fault(said: dict[str, str], plain_http: bool, fault: str) -> None:
    with pytest.raises(ValueError, match=fault):
        tls.chosen(said, Path(), plain_http=plain_http)
