"""Lamps of a street tell each other of walkers, under one key: whose it is, and which one."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping

from protocol import plan
from protocol.wire import controller_end


def neighbours(site: plan.Plan, nodes: Collection[str] | None = None) -> dict[str, list[str]]:
    """By street all lamps' nodes, of streets in which one of these nodes has a lamp; None: of all.

    They share the key of their hints, so that it is renewed for all of them or for none.
    """
    streets: dict[str, list[str]] = {}
    for asset in site.assets:
        if asset.kind == "lamp":
            streets.setdefault(asset.street_id, []).append(asset.node_id)
    return {
        street: sorted(lamps)
        for street, lamps in sorted(streets.items())
        if nodes is None or not set(nodes).isdisjoint(lamps)
    }


def near_keys(
    site: plan.Plan, site_key: bytes, numbers: Mapping[str, int]
) -> Callable[[str], bytes]:
    """What gives the key of hints in a node's street; b"" where no lamp of the plan is.

    numbers: how often it was renewed, by street.
    """
    street_of = {asset.node_id: asset.street_id for asset in site.assets if asset.kind == "lamp"}

    def key(node_id: str) -> bytes:
        street = street_of.get(node_id)
        if street is None:
            return b""
        return controller_end.near_key(site_key, street, numbers.get(street, 0))

    return key
