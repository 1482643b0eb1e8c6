"""Addresses that stay the same when a registry is lost, because they are computed."""

from __future__ import annotations

import uuid

# Our own namespace for UUIDv5; any fixed UUID serves, this one was drawn once.
_NAMESPACE = uuid.UUID("6b1f7a52-0c0e-5a7e-9a9c-2f3d6f0c51aa")


def device_address(node_id: str, channel: int) -> str:
    """The TALQ device address (UUIDv5) of a channel of a node; node_id is 12 hex digits."""
    return str(uuid.uuid5(_NAMESPACE, f"{node_id.lower()}/{channel}"))


def gateway_asset_id(site_name: str) -> str:
    """The asset id under which a site's gateway announces itself."""
    return f"gateway-{site_name.lower().replace(' ', '-')}"


def is_node_id(text: str) -> bool:
    """Whether this is a node id: 12 lower-case hex digits."""
    return len(text) == 12 and not set(text) - set("0123456789abcdef")
