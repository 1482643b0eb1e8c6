"""What burnt eFuses make of a chip: its flash's cipher, whose signature it boots, what is shut.

Bits as Espressif's technical reference manuals number them.
"""

from __future__ import annotations

import struct

from .chips import Chip
from .crypt import Cipher
from .efuses import Efuses

_FLASH_KEY = 4  # Purposes of key blocks.
_DIGESTS = (9, 10, 11)
_FIRST_KEY_BLOCK = 4
_KEY_BLOCKS = 6


class Security:
    """A look at a chip's eFuses, as they are now."""

    def __init__(self, chip: Chip, efuses: Efuses) -> None:
        self._newer = chip.security_info
        self._efuses = efuses
        self._words: tuple[int, ...] = struct.unpack(
            f"<{len(efuses.block(0)) // 4}I", efuses.block(0)
        )

    @property
    def crypt_count(self) -> int:
        """The counter whose odd number of bits turns flash encryption on."""
        return self._words[2] >> 18 & 7 if self._newer else self._words[0] >> 20 & 0x7F

    @property
    def purposes(self) -> list[int]:
        """Of the six key blocks; an ESP32 has none."""
        if not self._newer:
            return []
        low, high = self._words[2], self._words[3]
        return [low >> 24 & 15, low >> 28 & 15, *(high >> shift & 15 for shift in (0, 4, 8, 12))]

    @property
    def cipher(self) -> Cipher | None:
        """How flash is encrypted; None: it is not."""
        if not self.crypt_count.bit_count() & 1:
            return None
        if not self._newer:
            return Cipher(self._efuses.block(1)[::-1], xts=False, config=self._words[5] >> 28)
        blocks = [n for n, purpose in enumerate(self.purposes) if purpose == _FLASH_KEY]
        if not blocks:
            return Cipher(bytes(32), xts=True)
        return Cipher(self._efuses.block(_FIRST_KEY_BLOCK + blocks[0])[::-1], xts=True)

    @property
    def digests(self) -> tuple[bytes, ...] | None:
        """SHA-256 of the keys whose signatures boot; None: secure boot is off."""
        if not self._newer:
            revision_3 = self._words[3] >> 15 & 1 and self._words[5] >> 20 & 1
            on = self._words[6] >> 5 & 1 and revision_3
            return (self._efuses.visible(2),) if on else None
        if not self._words[3] >> 20 & 1:
            return None
        return tuple(
            self._efuses.visible(_FIRST_KEY_BLOCK + n)
            for n, purpose in enumerate(self.purposes)
            if purpose in _DIGESTS and not self._words[2] >> 21 + _DIGESTS.index(purpose) & 1
        )

    @property
    def download_secured(self) -> bool:
        """Whether the boot ROM takes nothing but what writes flash."""
        return self._newer and bool(self._words[4] >> 5 & 1)

    def told(self) -> tuple[int, int, bytes]:
        """(flags, flash encryption count, 7 key purposes) as GET_SECURITY_INFO tells them."""
        words = self._words
        flags = (words[3] >> 20 & 3) | (words[4] >> 5 & 1) << 2 | (words[2] >> 21 & 7) << 3
        flags |= ((words[1] >> 16 & 7).bit_count() & 1) << 6 | (words[1] >> 19 & 1) << 7
        flags |= (words[1] >> 10 & 1) << 10
        return flags, self.crypt_count, bytes([*self.purposes, 0])
