"""Receipts and the plan: a new asset at its position, and two nodes that hang exchanged."""

from __future__ import annotations

import contextlib
import fcntl
import math
from collections.abc import Iterator
from pathlib import Path

import msgspec

from protocol import handover, plan

from .receipts import RefusedError


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    """The plan file is this command's alone: another one waits before it reads it."""
    with path.with_name(f".{path.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def add_planned(path: Path, receipt: handover.Receipt) -> bool:
    """Put the asset of a receipt into the plan file; False when it is there already.

    RefusedError when the plan has the asset with another node, or nothing like it.
    """
    site = plan.load(path)
    for asset in site.assets:
        if asset.asset_id == receipt.asset_id:
            if asset.node_id != receipt.node_id:
                raise RefusedError(
                    f"the plan has {asset.asset_id} with the node {asset.node_id}, "
                    f"not {receipt.node_id}"
                )
            return False
        if asset.node_id == receipt.node_id:
            raise RefusedError(f"the plan has the node {asset.node_id} as {asset.asset_id}")
    place = receipt.position
    if place is None:
        raise RefusedError(f"{receipt.asset_id} is new and its receipt has no position")
    alike = [asset for asset in site.assets if asset.kind == receipt.kind]
    if not alike:
        raise RefusedError(f"the plan has no {receipt.kind} that {receipt.asset_id} could be like")
    scale = math.cos(math.radians(place.lat))

    def far(asset: plan.Asset) -> float:
        return math.hypot(asset.lat - place.lat, (asset.lon - place.lon) * scale)

    name = receipt.asset_id
    new = msgspec.structs.replace(
        min(alike, key=far), asset_id=name, node_id=receipt.node_id, channel=0, lat=place.lat,
        lon=place.lon, names=plan.Names(fr=name, nl=name, en=name, de=name),
    )  # fmt: skip
    plan.save(msgspec.structs.replace(site, assets=[*site.assets, new]), path)
    return True


def exchanged(path: Path, first: str, second: str) -> plan.Plan:
    """The plan of a file with the nodes of two assets exchanged; nothing is written.

    RefusedError when one of them is not there, or the nodes cannot do each other's work.
    """
    site = plan.load(path)
    known = {asset.asset_id: asset for asset in site.assets}
    for name in (first, second):
        if name not in known:
            raise RefusedError(f"the plan has no asset {name}")
    one, other = known[first], known[second]
    if one.node_id == other.node_id:
        raise RefusedError(f"{first} and {second} have one node, {one.node_id}")
    for what in ("kind", "lamp_board"):
        if getattr(one, what) != getattr(other, what):
            raise RefusedError(
                f"{first} is a {getattr(one, what)}, {second} a {getattr(other, what)}: "
                "their nodes cannot be exchanged"
            )
    for asset in site.assets:
        if asset not in (one, other) and asset.node_id in (one.node_id, other.node_id):
            raise RefusedError(f"the node {asset.node_id} serves {asset.asset_id}, too")
    now = {
        first: msgspec.structs.replace(one, node_id=other.node_id, channel=other.channel),
        second: msgspec.structs.replace(other, node_id=one.node_id, channel=one.channel),
    }
    assets = [now.get(asset.asset_id, asset) for asset in site.assets]
    return msgspec.structs.replace(site, assets=assets)
