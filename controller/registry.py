"""The devices of the gateway, and the configuration of their nodes."""

from __future__ import annotations

import functools

from protocol import plan, wire

from . import compile as compiler
from .devices import Device
from .effects import Effects
from .keys import node_key
from .nodes import NodeEnd, Random, Upload


class Registry:
    """Devices by TALQ address, and by the node that serves them; beat: heartbeat, fade (s)."""

    def __init__(
        self,
        site: plan.Plan,
        site_key: bytes,
        zone: bytes,
        beat: tuple[int, int],
        random: Random,
        effects: Effects,
    ) -> None:
        self.devices: dict[str, Device] = {}
        self.by_node: dict[str, list[Device]] = {}
        self._site = site
        self._site_key = site_key
        self._zone = zone
        self._beat = beat
        self._random = random
        self._effects = effects
        for asset in site.assets:
            self.add(asset)

    def add(self, asset: plan.Asset, address: str | None = None) -> Device:
        """A device of the plan, or one that a CMS commissions (at the address it gave)."""
        node = self._node(asset)
        lamp_type = self._site.lamp_type(asset) if asset.lamp_type_id else None
        own = address or plan.device_address(asset.node_id, asset.channel)
        device = Device(own, asset, node, lamp_type)
        self.devices[own] = device
        self.by_node.setdefault(asset.node_id, []).append(device)
        self.configure(device, (100, 0))
        return device

    def nodes(self) -> dict[str, NodeEnd]:
        """The nodes, by their ids."""
        return {node_id: devices[0].node for node_id, devices in self.by_node.items()}

    def configure(self, device: Device, wanted: tuple[int, int]) -> Upload:
        """What a device's node is to be configured by; light without program, longest stay."""
        heartbeat_s, fade_s = self._beat
        content = compiler.configuration(
            device.asset, self._site, self._zone, heartbeat_s=heartbeat_s, fade_s=fade_s,
            wanted=wanted,
        )  # fmt: skip
        before = device.node.uploads.get(wire.UPLOAD_CONFIGURATION)
        generation = before.generation + 1 if before else 1
        upload = Upload(generation, compiler.digest(content), content)
        device.node.uploads[wire.UPLOAD_CONFIGURATION] = upload
        return upload

    def _node(self, asset: plan.Asset) -> NodeEnd:
        known = self.by_node.get(asset.node_id)
        if known:
            return known[0].node
        key_of = functools.partial(node_key, self._site_key, asset.node_id)
        return NodeEnd(asset, key_of, self._random, self._effects)
