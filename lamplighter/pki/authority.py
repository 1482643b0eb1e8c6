"""Certificates and revocation lists, made from names and the time. No files, no clock.

Profile: RFC 5280, EC P-256 with SHA-256, one level below the authority. A certificate carries
the names at which its holder is reached, and who it is as a URI: `urn:lamplighter:cms`,
`urn:lamplighter:gateway:NAME`. Programs go by the URI; a host name may change.
"""

from __future__ import annotations

import datetime
import ipaddress
import re
from collections.abc import Iterable
from dataclasses import dataclass

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

ROLES = ("cms", "gateway", "node")
# Clocks of two machines may differ; what was issued now is valid at once on both.
_CLOCKS_DIFFER_MAX = datetime.timedelta(minutes=10)
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}")
_HOST = re.compile(r"(?!-)[A-Za-z0-9-]{1,63}(?<!-)(\.(?!-)[A-Za-z0-9-]{1,63}(?<!-))*")


@dataclass(frozen=True)
class Holder:
    """Whose certificate: its role, its name (none for the CMS), where it is reached."""

    role: str
    name: str
    hosts: tuple[str, ...]

    @property
    def title(self) -> str:
        """`cms`, or `gateway-NAME`: the name of its files."""
        return f"{self.role}-{self.name}" if self.name else self.role

    @property
    def identity(self) -> str:
        """The URI that programs know it by."""
        return ":".join(("urn:lamplighter", self.role, *((self.name,) if self.name else ())))


@dataclass(frozen=True)
class Issued:
    """A certificate and its key as PEM, and its serial number."""

    certificate: bytes
    key: bytes
    serial: int
    not_after: datetime.datetime


class Authority:
    """Signs with one key."""

    def __init__(self, certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey) -> None:
        self.certificate = certificate
        self._key = key

    @classmethod
    def make(cls, site: str, now: datetime.datetime, days: int) -> Authority:
        """A new authority of a site."""
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name(
            [
                x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Lamplighter"),
                x509.NameAttribute(NameOID.COMMON_NAME, f"{site} site authority"),
            ]
        )
        end = now + datetime.timedelta(days=days)
        builder = _builder((name, name), key.public_key(), key.public_key(), now, end)
        builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), True)
        builder = builder.add_extension(_usage(authority=True), True)
        return cls(builder.sign(key, hashes.SHA256()), key)

    @classmethod
    def load(cls, certificate: bytes, key: bytes) -> Authority:
        """From PEM; ValueError for what is none, or a key of another certificate."""
        cert = x509.load_pem_x509_certificate(certificate)
        found = serialization.load_pem_private_key(key, None)
        if not isinstance(found, ec.EllipticCurvePrivateKey):
            raise ValueError("the authority's key is no EC key")
        if found.public_key() != cert.public_key():
            raise ValueError("the authority's key is not that of its certificate")
        return cls(cert, found)

    def key_pem(self) -> bytes:
        """The private key."""
        return _key_pem(self._key)

    def certificate_pem(self) -> bytes:
        """The certificate that others trust."""
        return self.certificate.public_bytes(serialization.Encoding.PEM)

    def issue(self, holder: Holder, now: datetime.datetime, days: int) -> Issued:
        """A certificate with a new key; it never outlives the authority."""
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, holder.title)])
        end = min(now + datetime.timedelta(days=days), self.certificate.not_valid_after_utc)
        builder = _builder(
            (self.certificate.subject, name), self._key.public_key(), key.public_key(), now, end
        )
        names: list[x509.GeneralName] = [_host_name(host) for host in holder.hosts]
        names.append(x509.UniformResourceIdentifier(holder.identity))
        uses = [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]
        builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), True)
        builder = builder.add_extension(_usage(authority=False), True)
        builder = builder.add_extension(x509.ExtendedKeyUsage(uses), False)
        builder = builder.add_extension(x509.SubjectAlternativeName(names), False)
        made = builder.sign(self._key, hashes.SHA256())
        pem = made.public_bytes(serialization.Encoding.PEM)
        return Issued(pem, _key_pem(key), made.serial_number, made.not_valid_after_utc)

    def revocations(
        self, revoked: Iterable[tuple[int, datetime.datetime]], number: int, now: datetime.datetime
    ) -> bytes:
        """The list of (serial, when) as PEM. It holds until the authority ends: an outdated list
        would refuse every controller of a city, and a revocation writes a new one at once."""
        builder = x509.CertificateRevocationListBuilder(
            issuer_name=self.certificate.subject,
            last_update=now,
            next_update=self.certificate.not_valid_after_utc,
        )
        for serial, when in revoked:
            row = x509.RevokedCertificateBuilder(serial_number=serial, revocation_date=when)
            builder = builder.add_revoked_certificate(row.build())
        authority = x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key())
        builder = builder.add_extension(x509.CRLNumber(number), False)
        builder = builder.add_extension(authority, False)
        return builder.sign(self._key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


def holder_of(role: str, name: str, hosts: Iterable[str]) -> Holder:
    """A checked holder; ValueError says what does not fit."""
    if role not in ROLES:
        raise ValueError(f"{role!r} is no role; there are {', '.join(ROLES)}")
    if role == "cms" and name:
        raise ValueError("the CMS has no name; say: issue cms")
    if role != "cms" and not _NAME.fullmatch(name):
        raise ValueError(f"{name!r} is no name of a {role}; letters, digits, dot, dash, 1 to 63")
    hosts = tuple(dict.fromkeys(hosts))
    for host in hosts:
        _host_name(host)
    return Holder(role, name, hosts)


def _host_name(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        if len(host) > 253 or not _HOST.fullmatch(host):
            raise ValueError(f"{host!r} is neither a host name nor an IP address") from None
        return x509.DNSName(host)


def _builder(
    names: tuple[x509.Name, x509.Name],
    signer: ec.EllipticCurvePublicKey,
    key: ec.EllipticCurvePublicKey,
    now: datetime.datetime,
    end: datetime.datetime,
) -> x509.CertificateBuilder:
    """What all certificates have; names: issuer, subject."""
    return (
        x509.CertificateBuilder()
        .issuer_name(names[0])
        .subject_name(names[1])
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _CLOCKS_DIFFER_MAX)
        .not_valid_after(end)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer), False)
    )


def _usage(*, authority: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not authority, key_cert_sign=authority, crl_sign=authority,
        content_commitment=False, key_encipherment=False, data_encipherment=False,
        key_agreement=False, encipher_only=False, decipher_only=False,
    )  # fmt: skip


def _key_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
