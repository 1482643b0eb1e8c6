"""The four files: what they say, what is wrong with them, and when they are read again."""

from __future__ import annotations

import datetime
import shutil
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
    both.write_bytes(site.files("cms").crl.read_bytes() + (other.path / "crl.pem").read_bytes())  # type: ignore[union-attr]
    trust = tls.Trust(site.files("cms")._replace(crl=both))
    assert not trust.good(south)
    assert trust.good(site.trust("gateway-north").own)
