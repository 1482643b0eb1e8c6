"""Bounds of the node link. Whatever is larger is refused, and counted by its reason."""

from .const import const

# A frame must fit one serial poll slot (20 ms at 115200 baud) and the node's receive buffer.
FRAME_SIZE_MAX = const(208)
HEADER_SIZE = const(6)
TAG_SIZE = const(8)
BODY_SIZE_MAX = const(194)  # FRAME_SIZE_MAX - HEADER_SIZE - TAG_SIZE
# A chunk of an upload; with its fields it fills BODY_SIZE_MAX.
CHUNK_SIZE_MAX = const(160)
# A schedule or a configuration; a node holds one slot of it in RAM while it is checked.
UPLOAD_SIZE_MAX = const(4096)
# After so many frames in one direction the key is worn out: join again (2^30 fits a small int).
COUNTER_MAX = const(0x3FFFFFFF)
# How far a frame may lag behind the newest and still be accepted once.
REPLAY_WINDOW = const(28)
# Commands under way to one node at once; more wait in the order they came.
PENDING_MAX = const(16)
NONCE_SIZE = const(8)
KEY_SIZE = const(32)
LEVEL_PERCENT_MAX = const(100)
SECONDS_PER_DAY = const(86400)
