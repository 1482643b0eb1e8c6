"""The controller's end of the node link, apart from the node's so that no node loads it.

It derives keys, holds one session for each node and polls those on a line; it opens no connection.
Read session.py first.
"""

from .keys import derive, mqtt_password, near_key, node_key
from .line import PolledLine, round_ms, send_ms
from .renewal import NONCE_SIZE as RENEWAL_NONCE_SIZE
from .renewal import wrap
from .session import ASK_JOIN_MS_MIN, ControllerSession

__all__ = [
    "ASK_JOIN_MS_MIN",
    "RENEWAL_NONCE_SIZE",
    "ControllerSession",
    "PolledLine",
    "derive",
    "mqtt_password",
    "near_key",
    "node_key",
    "round_ms",
    "send_ms",
    "wrap",
]
