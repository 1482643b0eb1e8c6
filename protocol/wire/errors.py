"""What can be wrong with bytes that came from outside, and with our own use of a session."""

TOO_SHORT = "too_short"
TOO_LONG = "too_long"
VERSION = "version"
TYPE = "type"
DIRECTION = "direction"
BODY = "body"
VALUE = "value"
TAG = "tag"
REPLAY = "replay"
NOT_JOINED = "not_joined"
NONCE = "nonce"
CRC = "crc"
FRAMING = "framing"

# Every reason a received frame can be refused for; counters are kept by these names.
REASONS = (
    TOO_SHORT,
    TOO_LONG,
    VERSION,
    TYPE,
    DIRECTION,
    BODY,
    VALUE,
    TAG,
    REPLAY,
    NOT_JOINED,
    NONCE,
    CRC,
    FRAMING,
)


class WireError(Exception):
    """Base of this room's errors."""


class DecodeError(WireError):
    """The sender's fault: a frame that is refused. `reason` is one of REASONS."""

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(reason, detail)
        self.reason = reason
        self.detail = detail


class EncodeError(WireError):
    """Our own fault: a message that does not fit its table row."""


class SessionError(WireError):
    """Our own fault: sealing for a peer that has not joined."""
