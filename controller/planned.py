"""A receipt's asset in the plan: planned at its position, like its nearest neighbour."""

from __future__ import annotations

import math
from pathlib import Path

import msgspec

from protocol import handover, plan

from .receipts import RefusedError


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
