"""What a certificate says of its holder, and how long."""

from __future__ import annotations

import datetime
import ipaddress

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from lamplighter import pki
from lamplighter.pki.authority import holder_of

NOW = datetime.datetime(2026, 11, 21, 12, tzinfo=datetime.UTC)


def test_a_certificate_names_its_holder_and_its_hosts() -> None:
    authority = pki.Authority.make("test", NOW, 3650)
    holder = holder_of("gateway", "north", ["gw.example", "10.0.0.4", "gw.example"])
    made = x509.load_pem_x509_certificate(authority.issue(holder, NOW, 365).certificate)
    names = made.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["gw.example"]
    assert names.get_values_for_type(x509.IPAddress) == [ipaddress.ip_address("10.0.0.4")]
    assert names.get_values_for_type(x509.UniformResourceIdentifier) == [
        "urn:lamplighter:gateway:north"
    ]
    assert isinstance(made.public_key(), ec.EllipticCurvePublicKey)
    made.verify_directly_issued_by(authority.certificate)


def test_no_certificate_outlives_its_authority() -> None:
    authority = pki.Authority.make("test", NOW, 30)
    issued = authority.issue(holder_of("cms", "", ["cms.example"]), NOW, 365)
    assert issued.not_after == authority.certificate.not_valid_after_utc


def test_an_authority_is_the_same_after_loading() -> None:
    made = pki.Authority.make("test", NOW, 30)
    again = pki.Authority.load(made.certificate_pem(), made.key_pem())
    assert again.certificate == made.certificate
    other = pki.Authority.make("test", NOW, 30)
    with pytest.raises(ValueError, match="not that of its certificate"):
        pki.Authority.load(made.certificate_pem(), other.key_pem())


@pytest.mark.parametrize(
    ("role", "name", "host", "said"),
    [
        ("mayor", "x", "a.example", "no role"),
        ("cms", "x", "a.example", "has no name"),
        ("gateway", "", "a.example", "no name of a gateway"),
        ("gateway", "a:cms", "a.example", "no name of a gateway"),
        ("gateway", "a/b", "a.example", "no name of a gateway"),
        ("gateway", "a", "not a host", "neither a host name"),
        ("gateway", "a", "-x.example", "neither a host name"),
        ("gateway", "a", "", "neither a host name"),
    ],
)
def test_a_holder_that_does_not_fit_is_refused(role: str, name: str, host: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        holder_of(role, name, [host])
