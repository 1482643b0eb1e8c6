"""Flash encryption as the chips do it between flash and cache: block by block, by the address.

The ESP32 runs AES-256 the other way round with a key that is tweaked by each 32 bytes' address;
the S3 and C3 run AES-128-XTS over units of 128 bytes. Both turn the byte order. Each 16 bytes
stand alone, so any such piece can be read or written. After Espressif's documentation of flash
encryption; tests compare it with espsecure.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from cryptography.hazmat.primitives.ciphers import Cipher as Primitive
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import ECB, XTS

from .flash import Flash

UNIT_SIZE = 16  # What can be encrypted alone.
_ADDRESS_BITS = 19  # Of a block of 32 bytes in 16 MB.
_LOW_BITS = (4, 6, 8, 10)  # The tweak: so many low bits of the address, then all of it thrice.


@dataclass(frozen=True, repr=False)
class Cipher:
    """One board's key; `xts` tells the scheme, `config` which quarters of the key are tweaked."""

    key: bytes
    xts: bool
    config: int = 0xF

    def decrypted(self, at: int, data: bytes) -> bytes:
        """Whole units that lie in flash at this offset, as the cache sees them."""
        return self._turned(at, data, decrypts=True)

    def encrypted(self, at: int, data: bytes) -> bytes:
        """The other way."""
        return self._turned(at, data, decrypts=False)

    def _turned(self, at: int, data: bytes, *, decrypts: bool) -> bytes:
        if at % UNIT_SIZE or len(data) % UNIT_SIZE:
            raise ValueError(f"{len(data)} bytes at {at:#x} are no whole units")
        span = 128 if self.xts else 32
        lead = at % span
        padded = bytes(lead) + data
        padded += bytes(-len(padded) % span)
        turn = self._xts if self.xts else self._tweaked
        done = b"".join(
            turn(at - lead + n, padded[n : n + span], decrypts)
            for n in range(0, len(padded), span)
        )
        return done[lead : lead + len(data)]

    def _xts(self, at: int, block: bytes, decrypts: bool) -> bytes:
        primitive = Primitive(AES(self.key), XTS(at.to_bytes(16, "little")))
        turner = primitive.decryptor() if decrypts else primitive.encryptor()
        return turner.update(block[::-1])[::-1]

    def _tweaked(self, at: int, block: bytes, decrypts: bool) -> bytes:
        key = int.from_bytes(self.key, "big") ^ _tweak(at >> 5, self.config)
        primitive = Primitive(AES(key.to_bytes(32, "big")), ECB())
        turner: Callable[[bytes], bytes]
        turner = (primitive.encryptor() if decrypts else primitive.decryptor()).update
        return b"".join(turner(block[n : n + 16][::-1])[::-1] for n in (0, 16))


def _tweak(block: int, config: int) -> int:
    """The bits of the ESP32's key that the address turns over."""
    value, at = 0, 0
    for quarter, low in enumerate(_LOW_BITS):
        part = block & (1 << low) - 1
        for copy in range(3):
            part |= (block & (1 << _ADDRESS_BITS) - 1) << low + _ADDRESS_BITS * copy
        if config >> 3 - quarter & 1:
            value |= part << at
        at += low + 3 * _ADDRESS_BITS
    return value


class SeenFlash:
    """A flash as the chip's cache shows it: decrypted."""

    def __init__(self, flash: Flash, cipher: Cipher) -> None:
        self._flash = flash
        self._cipher = cipher

    def read(self, offset: int, size: int) -> bytes:
        """Bytes from `offset` on; FlashError when they are not all inside."""
        self._flash.read(offset, size)
        lead = offset % UNIT_SIZE
        end = min(-(-(offset + size) // UNIT_SIZE) * UNIT_SIZE, self._flash.size)
        start = offset - lead
        seen = self._cipher.decrypted(start, self._flash.read(start, end - start))
        return seen[lead : lead + size]
