"""Node keys by generation: a revoked node gets the next one, and its old key opens nothing."""

from __future__ import annotations

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from protocol.wire import controller_end


def node_key(site_key: bytes, node_id: str, generation: int) -> bytes:
    """The key of a node, 32 bytes; generation 0 is what a node has that was never revoked."""
    if not generation:
        return controller_end.node_key(site_key, node_id)
    return controller_end.derive(site_key, f"lamplighter node {node_id} {generation}".encode())


def signer(site_key: bytes) -> Ed25519PrivateKey:
    """What signs batches, so that a laptop knows its controller again."""
    return Ed25519PrivateKey.from_private_bytes(
        controller_end.derive(site_key, b"lamplighter batches")
    )
