"""Brings renewals to nodes: some at once, and no further ones when too many fail.

A node is told within its session, wrapped under the key of that session. The old key goes on
opening joins until the node has joined under the new one: that is when it ends.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping

from protocol import wire
from protocol.wire import controller_end

from .effects import Now
from .nodes import NodeEnd, Random, Upload
from .renewals import AUTHORITY, DONE, FAILED, NEAR, PASSWORD, SENT, TAKEN, WAITING, Renewal

# In domain time: a node that has its next key joins within seconds, or after ten minutes.
PATIENCE_S = 1800
FAILED_PERCENT_MAX = 5


def _none(node_id: str) -> bytes:
    return b""


class Rollout:
    """`random` gives nonces; `near` the key of hints in a node's street."""

    def __init__(
        self, nodes: Mapping[str, NodeEnd], random: Random, near: Callable[[str], bytes] = _none
    ) -> None:
        self._nodes = nodes
        self._random = random
        self._near = near

    def look(self, rows: Iterable[Renewal], now: Now) -> list[Renewal]:
        """Go on with renewals; those that are further than before."""
        known = [row for row in rows if row.node_id in self._nodes]
        before = {row.node_id: (row.state, row.why) for row in known}
        for row in known:
            if row.state != DONE:
                self._judge(row, self._nodes[row.node_id], now)
        for row in known:
            if row.state in (SENT, TAKEN):
                self._tell(row, now)
        for row in sorted(known, key=lambda one: one.since_s):  # Who was not heard comes last.
            if row.state == WAITING and self._may_begin(row, known):
                self._tell(row, now)
        return [row for row in known if (row.state, row.why) != before[row.node_id]]

    def _judge(self, row: Renewal, node: NodeEnd, now: Now) -> None:
        upload = self._upload(row)
        has_key = not row.has_key or node.keys.held >= node.keys.wanted
        if has_key and (row.is_key_alone or (upload is not None and upload.proved)):
            _turn(row, DONE, now)
        elif upload is not None and upload.refused and row.state != FAILED:
            _turn(row, FAILED, now, "the node refused it")
        elif row.state == SENT and upload is not None and upload.stored:
            _turn(row, TAKEN, now)
        elif row.state == SENT and now.domain_s - row.since_s > PATIENCE_S:
            node.uploads.pop(wire.UPLOAD_RENEWAL, None)
            _turn(row, WAITING, now, "it was not heard")
        elif row.state == TAKEN and not has_key and now.domain_s - row.since_s > PATIENCE_S:
            _turn(row, FAILED, now, "it has its next key and has not joined under it")

    def _upload(self, row: Renewal) -> Upload | None:
        upload = self._nodes[row.node_id].uploads.get(wire.UPLOAD_RENEWAL)
        return upload if upload is not None and upload.generation == row.number else None

    def _may_begin(self, row: Renewal, rows: list[Renewal]) -> bool:
        """Whether there is room for one more, and not too many of those begun have failed."""
        alike = [one for one in rows if one.asked_at == row.asked_at]
        failed = sum(one.state == FAILED for one in alike)
        begun = failed + sum(one.state in (TAKEN, DONE) for one in alike)
        if failed * 100 > FAILED_PERCENT_MAX * begun:
            return False
        busy = sum(one.state == SENT or (one.state == TAKEN and self._owes_key(one))
                   for one in rows)  # fmt: skip
        return busy < row.at_once

    def _owes_key(self, row: Renewal) -> bool:
        keys = self._nodes[row.node_id].keys
        return row.has_key and keys.held < keys.wanted

    def _tell(self, row: Renewal, now: Now) -> None:
        """Send it, or once more after a join: the node then says whether it is proved."""
        node = self._nodes[row.node_id]
        if not node.joined or self._upload(row) is not None:
            return
        told = {}
        if row.has_key and node.keys.number < node.keys.wanted:
            told["key"] = node.keys.key(node.keys.wanted).hex()
        if PASSWORD in row.parts.split():
            told["password"] = controller_end.mqtt_password(node.keys.key(row.password))
        if AUTHORITY in row.parts.split():
            told["ca"] = row.ca
        near = self._near(row.node_id)
        if NEAR in row.parts.split() and near:
            told["near"] = near.hex()
        nonce = self._random(controller_end.RENEWAL_NONCE_SIZE)
        key = node.keys.key(node.keys.number)
        content = controller_end.wrap(key, row.number, nonce, told)
        digest = hashlib.sha256(content).digest()[:8]
        node.want(wire.UPLOAD_RENEWAL, Upload(row.number, digest, content), now)
        if row.state == WAITING:
            _turn(row, SENT, now)


def _turn(row: Renewal, state: str, now: Now, why: str = "") -> None:
    row.state, row.since_s, row.why = state, now.domain_s, why
