"""The authority's folder: what is issued, renewed, revoked, and never overwritten."""

from __future__ import annotations

import datetime
from pathlib import Path

import pytest
from cryptography import x509

from lamplighter import pki
from lamplighter.pki.authority import holder_of

NOW = datetime.datetime(2026, 11, 21, 12, tzinfo=datetime.UTC)
NORTH = holder_of("gateway", "north", ["10.0.0.4"])


@pytest.fixture
def folder(tmp_path: Path) -> pki.Folder:
    made = pki.Folder(tmp_path / "pki")
    made.init("test", NOW, 3650)
    return made


def certificate(folder: pki.Folder, name: str) -> x509.Certificate:
    return x509.load_pem_x509_certificate((folder.path / name).read_bytes())


def crl(folder: pki.Folder) -> x509.CertificateRevocationList:
    return x509.load_pem_x509_crl((folder.path / "crl.pem").read_bytes())


def test_only_the_owner_may_read_a_key(folder: pki.Folder) -> None:
    folder.issue(NORTH, NOW, 365)
    for name in ("ca.key", "gateway-north.key"):
        assert (folder.path / name).stat().st_mode & 0o777 == 0o600


def test_a_second_authority_never_replaces_the_first(folder: pki.Folder) -> None:
    before = (folder.path / "ca.key").read_bytes()
    with pytest.raises(pki.PkiError, match="not overwritten") as error:
        folder.init("test", NOW, 3650)
    assert error.value.code == 4
    assert (folder.path / "ca.key").read_bytes() == before


def test_a_valid_certificate_is_renewed_and_not_issued_twice(folder: pki.Folder) -> None:
    folder.issue(NORTH, NOW, 365)
    first = certificate(folder, "gateway-north.crt")
    with pytest.raises(pki.PkiError, match="renew or revoke"):
        folder.issue(NORTH, NOW, 365)
    folder.renew("gateway-north", NOW + datetime.timedelta(days=300), 365)
    second = certificate(folder, "gateway-north.crt")
    assert second.serial_number != first.serial_number
    assert second.not_valid_after_utc == NOW + datetime.timedelta(days=665)
    assert second.extensions.get_extension_for_class(
        x509.SubjectAlternativeName
    ) == first.extensions.get_extension_for_class(x509.SubjectAlternativeName)


def test_an_expired_certificate_may_be_issued_anew(folder: pki.Folder) -> None:
    folder.issue(NORTH, NOW, 30)
    folder.issue(NORTH, NOW + datetime.timedelta(days=31), 30)
    assert len(folder.rows()) == 2


def test_revocation_covers_every_certificate_of_the_holder(folder: pki.Folder) -> None:
    folder.issue(NORTH, NOW, 365)
    folder.renew("gateway-north", NOW, 365)
    assert list(crl(folder)) == []
    folder.revoke("gateway-north", NOW)
    serials = {int(row["serial"], 16) for row in folder.rows()}
    assert {row.serial_number for row in crl(folder)} == serials
    with pytest.raises(pki.PkiError, match="revoked before"):
        folder.revoke("gateway-north", NOW)
    with pytest.raises(pki.PkiError, match="was revoked"):
        folder.renew("gateway-north", NOW, 365)


def test_what_is_not_there_is_named_with_what_is(folder: pki.Folder) -> None:
    folder.issue(NORTH, NOW, 365)
    with pytest.raises(pki.PkiError, match="there are: gateway-north") as error:
        folder.revoke("gateway-south", NOW)
    assert error.value.code == 3


def test_a_folder_without_authority_is_said_to_be_none(tmp_path: Path) -> None:
    with pytest.raises(pki.PkiError, match="pki init") as error:
        pki.Folder(tmp_path / "nothing").issue(NORTH, NOW, 365)
    assert error.value.code == 3
    (tmp_path / "empty").mkdir()
    with pytest.raises(pki.PkiError, match=r"ca\.key: No such file"):
        pki.Folder(tmp_path / "empty").issue(NORTH, NOW, 365)


def test_an_authority_key_that_others_may_read_is_not_used(folder: pki.Folder) -> None:
    (folder.path / "ca.key").chmod(0o644)
    with pytest.raises(pki.PkiError, match="0600") as error:
        folder.issue(NORTH, NOW, 365)
    assert error.value.code == 4
