"""MQTT 3.1.1 without I/O: packets, a client's session, and when to try again.

One core for the node's and the controller's client. It opens no connection and reads no clock; the
shells feed it bytes and ticks. It does no QoS 2. Read `session.py` first; README.md shows its use.
"""

from .backoff import Backoff, spread_ms
from .packet import MqttError, Reader, topic_matches
from .session import (
    BROKEN,
    CONNECTED,
    MESSAGE,
    PUBLISHED,
    REFUSED,
    SUBSCRIBED,
    Session,
    SessionFull,
)

__all__ = [
    "BROKEN",
    "CONNECTED",
    "MESSAGE",
    "PUBLISHED",
    "REFUSED",
    "SUBSCRIBED",
    "Backoff",
    "MqttError",
    "Reader",
    "Session",
    "SessionFull",
    "spread_ms",
    "topic_matches",
]
