"""Keys that are made from keys: HKDF-SHA256 (RFC 5869). A node is given its own and makes none."""

from ..seal import Key


def derive(secret: bytes, purpose: bytes, size: int = 32) -> bytes:
    """HKDF-SHA256 (RFC 5869) without salt: `size` (at most 32) bytes for one purpose."""
    pseudo_random_key = Key(bytes(32)).mac(secret)
    return Key(pseudo_random_key).mac(purpose + b"\x01")[:size]


def node_key(site_key: bytes, node_id: str) -> bytes:
    """The node's own key, 32 bytes, from the site's key; the node never holds the latter."""
    return derive(site_key, b"lamplighter node " + node_id.encode())


def near_key(site_key: bytes, group: str, number: int = 0) -> bytes:
    """The key of a group of neighbours, 32 bytes: it tags hints and nothing else.

    number: how often it was renewed.
    """
    later = b"\0" + b"%d" % number if number else b""  # No group's name has a zero byte.
    return derive(site_key, b"lamplighter near " + group.encode() + later)


def mqtt_password(key: bytes) -> str:
    """The password of a node at the broker, from its node key: 32 hex digits."""
    return "".join(["{:02x}".format(b) for b in derive(key, b"mqtt", 16)])
