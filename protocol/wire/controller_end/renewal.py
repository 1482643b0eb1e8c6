"""What a node is told when its key, password or authority is renewed, wrapped under its old key.

Layout: mark "LLK1", nonce (16), cipher text, tag (32). The text is JSON with any of `key` (hex),
`password`, `ca` (DER in hex) and `near` (the key of hints between neighbours, in hex), XORed with
HMAC-SHA256(cipher key, nonce + block number, u32) for block after block. The tag is HMAC-SHA256
by a tag key of the upload's generation (u32) and all that stands before it: encrypt then tag,
with HMAC as a PRF in counter mode. Both keys are HMAC-SHA256 by the old node key of a label that
begins no other message under that key.

It hides the new key from whoever listens. It does not hide it from somebody who has the old key
and has recorded this very upload, or who has the old key and stands between node and controller:
against those only TLS on the road helps, or flashing the node anew.
"""

import json
import struct

from ..seal import Key

MARK = b"LLK1"
NONCE_SIZE = 16
_BLOCK = 32


def wrap(key: bytes, generation: int, nonce: bytes, told: dict[str, str]) -> bytes:
    """The content of the upload; `key` is the node's old one, the nonce 16 fresh random bytes."""
    cipher, tagger = Key(Key(key).mac(b"renew cipher")), Key(Key(key).mac(b"renew tag"))
    text = json.dumps(told).encode()
    stream = b"".join(
        cipher.mac(nonce + struct.pack("<I", number))
        for number in range((len(text) + _BLOCK - 1) // _BLOCK)
    )
    head = MARK + nonce + bytes(a ^ b for a, b in zip(text, stream, strict=False))
    return head + tagger.mac(struct.pack("<I", generation) + head)
