"""TLS between controllers, the CMS and strangers: whom we trust, and the server that asks.

It knows certificates and connections, and decides nothing about what their holder may do.
Read `trust_io.py` first.
"""

from .listen_io import CERTIFICATE, HEADERS_S_MAX, Protocol, certified, server
from .trust_io import Certificate, TlsFiles, Trust, TrustError, certificate_of, chosen

__all__ = [
    "CERTIFICATE",
    "HEADERS_S_MAX",
    "Certificate",
    "Protocol",
    "TlsFiles",
    "Trust",
    "TrustError",
    "certificate_of",
    "certified",
    "chosen",
    "server",
]
