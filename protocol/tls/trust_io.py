"""Whom we trust and who we are: certificate, key, authority and revocations, from four files.

The files may change while a program runs. Every handshake and every request goes by what the
files hold then: a renewed certificate is shown, and a revoked one refused, without a restart.
"""

from __future__ import annotations

import hashlib
import os
import re
import ssl
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import structlog
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization

# A change of the files is seen this much later at most; looking costs four calls of stat.
_LOOK_S = 0.5
_CRL = re.compile(rb"-----BEGIN X509 CRL-----.+?-----END X509 CRL-----\s*", re.DOTALL)
_log = structlog.get_logger("tls")


class TrustError(Exception):
    """The TLS files cannot be used; the sentence says which and why."""


class TlsFiles(NamedTuple):
    """Paths of PEM files. The first certificate in `ca` is the site's own authority, further ones
    are strangers' that are trusted too. Without `crl` nothing counts as revoked."""

    cert: Path
    key: Path
    ca: Path
    crl: Path | None = None


class Certificate(NamedTuple):
    """What we keep of a certificate: who, until when (POSIX s), which one, and its serial."""

    identity: str
    not_after_s: int
    sha256: str
    serial: tuple[bytes, int]


def chosen(said: Mapping[str, str], base: Path, *, plain_http: bool) -> TlsFiles | None:
    """The files that settings name (tls_cert, tls_key, tls_ca, tls_crl), None for plain HTTP.

    ValueError where it is neither the one nor the other: nobody serves in the clear by mistake.
    """
    given = [name for name in ("tls_cert", "tls_key", "tls_ca", "tls_crl") if said[name]]
    if plain_http:
        if given:
            raise ValueError(f"{given[0]} is given, and plain HTTP too; choose one")
        return None
    if not given:
        raise ValueError(
            "no certificate: give tls_cert, tls_key and tls_ca (`lamplighter pki` makes them), "
            "or --plain-http for a test where nobody listens"
        )
    for name in ("tls_cert", "tls_key", "tls_ca"):
        if not said[name]:
            raise ValueError(f"{given[0]} is given; {name} is missing")
    return TlsFiles(
        base / said["tls_cert"],
        base / said["tls_key"],
        base / said["tls_ca"],
        base / said["tls_crl"] if said["tls_crl"] else None,
    )


class _Loaded(NamedTuple):
    server: ssl.SSLContext
    client: ssl.SSLContext
    site: x509.Certificate
    own: Certificate
    revoked: frozenset[tuple[bytes, int]]


class Trust:
    """The files as they are now; broken new files leave the former in force, and are told."""

    def __init__(self, files: TlsFiles) -> None:
        self.files = files
        self._stamp = self._look()
        self._loaded = _load(files)
        self._looked_s = time.monotonic()

    @property
    def own(self) -> Certificate:
        """Our certificate."""
        return self._now().own

    def ends(self) -> tuple[str, int]:
        """Who we are, and until when (POSIX s)."""
        return self.own.identity, self.own.not_after_s

    def server(self) -> ssl.SSLContext:
        """For a listening socket; a client may show a certificate and need not."""
        return _live(ssl.PROTOCOL_TLS_SERVER, lambda: self._now().server)

    def client(self) -> ssl.SSLContext:
        """For connecting: we show our certificate and check the other's, and its name."""
        return _live(ssl.PROTOCOL_TLS_CLIENT, lambda: self._now().client)

    def read(self, der: bytes) -> Certificate:
        """The facts of a certificate that passed its handshake."""
        return certificate_of(der, self._now().site)

    def good(self, certificate: Certificate) -> bool:
        """Whether a certificate that passed its handshake would pass another one now."""
        revoked = certificate.serial in self._now().revoked
        return not revoked and time.time() < certificate.not_after_s

    def _look(self) -> tuple[Any, ...]:
        return tuple(_stamp(path) for path in self.files if path is not None)

    def _now(self) -> _Loaded:
        now_s = time.monotonic()
        if now_s - self._looked_s < _LOOK_S:
            return self._loaded
        self._looked_s = now_s
        stamp = self._look()
        if stamp != self._stamp:
            self._stamp = stamp
            try:
                self._loaded = _load(self.files)
            except TrustError as error:
                # Certificate and key are two files: between their renewals they do not fit.
                _log.warning("the changed TLS files are not used", why=str(error))
            else:
                _log.info("TLS files read again", not_after_s=self._loaded.own.not_after_s)
        return self._loaded


def certificate_of(der: bytes, site: x509.Certificate) -> Certificate:
    """The facts of a certificate. ValueError for what is none.

    Only the site's authority says who is whom here. Another's certificate is named with its
    issuer, so that no stranger's authority can make a certificate of one of our gateways.
    """
    found = x509.load_der_x509_certificate(der)
    name = _name(found)
    try:
        found.verify_directly_issued_by(site)
    except (ValueError, TypeError, InvalidSignature):
        name = f"foreign:{found.issuer.rfc4514_string()}:{name}"
    return Certificate(
        name,
        int(found.not_valid_after_utc.timestamp()),
        hashlib.sha256(der).hexdigest(),
        (found.issuer.public_bytes(), found.serial_number),
    )


def _name(found: x509.Certificate) -> str:
    """The URI of the holder; a certificate without one goes by its host or its subject."""
    try:
        names = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return "subject:" + found.subject.rfc4514_string()
    uris = names.get_values_for_type(x509.UniformResourceIdentifier)
    hosts = names.get_values_for_type(x509.DNSName)
    if uris:
        return uris[0]
    return f"dns:{hosts[0]}" if hosts else "subject:" + found.subject.rfc4514_string()


def _stamp(path: Path) -> tuple[int, int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino


def _load(files: TlsFiles) -> _Loaded:
    try:
        if os.name == "posix" and files.key.stat().st_mode & 0o077:
            raise TrustError(f"{files.key}: others may read it; it must have mode 0600")
        own = x509.load_pem_x509_certificate(files.cert.read_bytes())
        site = x509.load_pem_x509_certificate(files.ca.read_bytes())
        revoked = _revoked(files.crl) if files.crl else frozenset()
        server, client = (
            _context(files, protocol)
            for protocol in (ssl.PROTOCOL_TLS_SERVER, ssl.PROTOCOL_TLS_CLIENT)
        )
    except ssl.SSLError as error:
        names = ", ".join(str(path) for path in files if path is not None)
        raise TrustError(f"{names}: {error.reason or error}") from error
    except OSError as error:
        raise TrustError(f"{error.filename}: {error.strerror}") from error
    except ValueError as error:
        raise TrustError(f"{files.cert}, {files.ca}: {error}") from error
    der = own.public_bytes(serialization.Encoding.DER)
    return _Loaded(server, client, site, certificate_of(der, site), revoked)


def _revoked(path: Path) -> frozenset[tuple[bytes, int]]:
    blocks = _CRL.findall(path.read_bytes())
    if not blocks:
        raise TrustError(f"{path}: no list of revocations")
    found = set()
    for block in blocks:
        crl = x509.load_pem_x509_crl(block)
        issuer = crl.issuer.public_bytes()
        found |= {(issuer, row.serial_number) for row in crl}
    return frozenset(found)


def _context(files: TlsFiles, protocol: ssl._SSLMethod) -> ssl.SSLContext:
    made = ssl.SSLContext(protocol)
    made.minimum_version = ssl.TLSVersion.TLSv1_2
    made.load_cert_chain(files.cert, files.key)
    made.load_verify_locations(files.ca)
    if files.crl is not None:
        made.load_verify_locations(files.crl)
        made.verify_flags |= ssl.VerifyFlags.VERIFY_CRL_CHECK_LEAF
    if protocol == ssl.PROTOCOL_TLS_SERVER:
        # Browsers reach the pages without one; the TALQ side refuses whoever showed none.
        made.verify_mode = ssl.CERT_OPTIONAL
        # A resumed session would not be checked against the newest list.
        made.options |= ssl.OP_NO_TICKET
        made.num_tickets = 0
    return made


class _Live(ssl.SSLContext):
    """Whoever holds it makes each handshake with the context of that moment."""

    current: Callable[[], ssl.SSLContext]

    def wrap_bio(self, *args: Any, **kwargs: Any) -> ssl.SSLObject:
        """For asyncio and what is built on it."""
        return self.current().wrap_bio(*args, **kwargs)

    def wrap_socket(self, *args: Any, **kwargs: Any) -> ssl.SSLSocket:
        """For blocking sockets."""
        return self.current().wrap_socket(*args, **kwargs)


def _live(protocol: ssl._SSLMethod, current: Callable[[], ssl.SSLContext]) -> ssl.SSLContext:
    made = _Live(protocol)
    made.current = current
    return made
