"""Generations of node keys: each opens its own node, and none but the present one."""

from __future__ import annotations

from gateway_rig import SITE_KEY, Rig

from controller.keys import node_key, signer
from protocol import wire
from protocol.wire import controller_end

NODE = "02aa00000001"


def test_generations_and_nodes_have_keys_of_their_own() -> None:
    assert node_key(SITE_KEY, NODE, 0) == controller_end.node_key(SITE_KEY, NODE)
    keys = {node_key(SITE_KEY, f"02aa0000000{n}", g) for n in range(5) for g in range(5)}
    assert len(keys) == 25
    assert signer(SITE_KEY).private_bytes_raw() not in keys


def test_a_revoked_key_opens_nothing_and_the_next_one_does() -> None:
    rig = Rig(lamps=1, bays=0)
    rig.run(5)
    end = rig.gateway.registry.by_node[NODE][0].node
    assert end.joined
    key = node_key(SITE_KEY, NODE, 1)
    end.expect_keys(1, 1)
    before = end.refused["tag"] + end.refused["not_joined"]
    _, node = rig.lamp()
    rig.run(20)
    rig.say(node, wire.NodeState())
    assert not end.joined
    assert end.refused["tag"] + end.refused["not_joined"] > before
    node.session = wire.NodeSession(key)
    node.session.link_up()
    rig.run(10)
    assert end.joined
