"""Flash encryption and secure boot of a board: what is burnt, in which order, and what is refused.

Pure: it looks at eFuses that were read and says which steps are left. The order makes each place
between two burns one that the next run recognises: a board counts as done when the fuses that
turn the options on are burnt, and they are burnt last. Names are those of espefuse; places are
those of Espressif's technical reference manuals (docs/production.md has the table).
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass, field

from .troubles import REFUSED, FlashError

SECURED, LOCKED, HALF_BURNT, UNFIT = "already secured", "locked", "half-burnt", "unfit"
FLASH_KEY, DIGEST = "flash key", "digest"
_KEY_PURPOSES = {FLASH_KEY: 4, DIGEST: 9}
_REVISION_FOR_SECURE_BOOT = 300
_WR_RD_DIS = 1  # Bit of WR_DIS that shuts RD_DIS.


@dataclass(frozen=True)
class Layout:
    """A chip's eFuse registers: where block 0 and the key blocks are read, and what is burnt.

    `fields`: name: (word of block 0, lowest bit, bits).
    """

    at: int
    words: int
    key_blocks: tuple[tuple[str, int], ...]
    fields: Mapping[str, tuple[int, int, int]]
    crypt_count: str
    secure_boot: str
    harden_flash: Mapping[str, int]  # What flash encryption shuts besides.
    harden_boot: Mapping[str, int]
    keep_shut: int = 1 << 2  # In WR_DIS: the switches of caches and JTAG.
    xts: bool = True


_COMMON = {
    "WR_DIS": (0, 0, 32), "RD_DIS": (1, 0, 7), "DIS_DOWNLOAD_ICACHE": (1, 10, 1),
    "DIS_PAD_JTAG": (1, 19, 1), "DIS_DOWNLOAD_MANUAL_ENCRYPT": (1, 20, 1),
    "SPI_BOOT_CRYPT_CNT": (2, 18, 3), "SECURE_BOOT_KEY_REVOKE0": (2, 21, 1),
    "SECURE_BOOT_KEY_REVOKE1": (2, 22, 1), "SECURE_BOOT_KEY_REVOKE2": (2, 23, 1),
    "KEY_PURPOSE_0": (2, 24, 4), "KEY_PURPOSE_1": (2, 28, 4), "KEY_PURPOSE_2": (3, 0, 4),
    "KEY_PURPOSE_3": (3, 4, 4), "KEY_PURPOSE_4": (3, 8, 4), "KEY_PURPOSE_5": (3, 12, 4),
    "SECURE_BOOT_EN": (3, 20, 1), "DIS_DIRECT_BOOT": (4, 1, 1),
}  # fmt: skip
_HARDEN_FLASH = {
    "DIS_DOWNLOAD_ICACHE": 1, "DIS_DOWNLOAD_MANUAL_ENCRYPT": 1, "DIS_PAD_JTAG": 1,
    "DIS_USB_JTAG": 1, "DIS_DIRECT_BOOT": 1,
}  # fmt: skip
_HARDEN_BOOT = {
    "DIS_PAD_JTAG": 1, "DIS_USB_JTAG": 1, "DIS_DIRECT_BOOT": 1, "SECURE_BOOT_KEY_REVOKE1": 1,
    "SECURE_BOOT_KEY_REVOKE2": 1,
}  # fmt: skip


def _newer(base: int, more: Mapping[str, tuple[int, int, int]], shut: Mapping[str, int]) -> Layout:
    return Layout(
        base + 0x2C, 6, tuple((f"BLOCK_KEY{n}", base + 0x9C + 0x20 * n) for n in range(6)),
        {**_COMMON, **more}, "SPI_BOOT_CRYPT_CNT", "SECURE_BOOT_EN",
        {**_HARDEN_FLASH, **shut}, _HARDEN_BOOT,
    )  # fmt: skip


LAYOUTS = {
    "esp32": Layout(
        0x3FF5A000, 7,
        (("BLOCK1", 0x3FF5A038), ("BLOCK2", 0x3FF5A058), ("BLOCK3", 0x3FF5A078)),
        {
            "WR_DIS": (0, 0, 16), "RD_DIS": (0, 16, 4), "FLASH_CRYPT_CNT": (0, 20, 7),
            "FLASH_CRYPT_CONFIG": (5, 28, 4), "CODING_SCHEME": (6, 0, 2),
            "ABS_DONE_0": (6, 4, 1), "ABS_DONE_1": (6, 5, 1), "JTAG_DISABLE": (6, 6, 1),
            "DISABLE_DL_ENCRYPT": (6, 7, 1), "DISABLE_DL_DECRYPT": (6, 8, 1),
            "DISABLE_DL_CACHE": (6, 9, 1),
        },
        "FLASH_CRYPT_CNT", "ABS_DONE_1",
        {"DISABLE_DL_ENCRYPT": 1, "DISABLE_DL_DECRYPT": 1, "DISABLE_DL_CACHE": 1,
         "JTAG_DISABLE": 1},
        {"JTAG_DISABLE": 1}, keep_shut=1 << 3, xts=False,
    ),
    "esp32s3": _newer(
        0x60007000, {"DIS_USB_JTAG": (3, 22, 1), "DIS_DOWNLOAD_DCACHE": (1, 11, 1)},
        {"DIS_DOWNLOAD_DCACHE": 1},
    ),
    "esp32c3": _newer(0x60008800, {"DIS_USB_JTAG": (1, 9, 1)}, {}),
}  # fmt: skip


@dataclass(frozen=True)
class Wish:
    """What a board is to get; `digest`: of the key whose images it boots, None: any."""

    flash_encryption: bool = False
    digest: bytes | None = None

    def __bool__(self) -> bool:
        return self.flash_encryption or self.digest is not None

    def told(self) -> dict[str, object]:
        """For the journal and the worker."""
        digest = self.digest.hex() if self.digest else ""
        return {"flash_encryption": self.flash_encryption, "secure_boot": digest}


def wish_of(said: Mapping[str, object]) -> Wish:
    """The other way."""
    digest = bytes.fromhex(str(said.get("secure_boot") or ""))
    return Wish(bool(said.get("flash_encryption")), digest or None)


@dataclass(frozen=True)
class Fuses:
    """A chip's eFuses as they were read: block 0, and the key blocks by name."""

    chip: str
    words: tuple[int, ...]
    keys: Mapping[str, bytes]
    revision: int = 0

    @property
    def layout(self) -> Layout:
        """The chip's."""
        return LAYOUTS[self.chip]

    def value(self, name: str) -> int:
        """A field of block 0."""
        word, shift, bits = self.layout.fields[name]
        return self.words[word] >> shift & (1 << bits) - 1

    @property
    def encrypts(self) -> bool:
        """Whether flash encryption is on: an odd number of bits."""
        return bool(self.value(self.layout.crypt_count).bit_count() & 1)

    @property
    def boots_signed(self) -> bool:
        """Whether secure boot (of either version) is on."""
        on = self.value(self.layout.secure_boot)
        return bool(on or ("ABS_DONE_0" in self.layout.fields and self.value("ABS_DONE_0")))

    @property
    def secured(self) -> bool:
        """Whether any of the two is on."""
        return self.encrypts or self.boots_signed

    @property
    def begun(self) -> bool:
        """Whether a key was burnt and what needs it is not on."""
        if self.secured:
            return False
        return any(self.block_of(what) is not None for what in _KEY_PURPOSES)

    def block_of(self, what: str) -> int | None:
        """The key block that holds the flash key or the digest, by its purpose."""
        if not self.layout.xts:
            number = 0 if what == FLASH_KEY else 1
            shut = bool(self.value("RD_DIS") >> number & 1)
            return number if shut or any(self.keys.get(f"BLOCK{number + 1}", b"")) else None
        purposes = [self.value(f"KEY_PURPOSE_{n}") for n in range(6)]
        wanted = _KEY_PURPOSES[what]
        return purposes.index(wanted) if wanted in purposes else None

    def free_block(self, but: int | None = None) -> int | None:
        """A key block that takes a key; the last one cannot hold a flash key (hardware)."""
        for number, (name, _) in enumerate(self.layout.key_blocks[:5]):
            used = self.value(f"KEY_PURPOSE_{number}") or any(self.keys.get(name, b"\1"))
            shut = self.value("RD_DIS") >> number & 1 or self.value("WR_DIS") >> 23 + number & 1
            if number != but and not used and not shut:
                return number
        return None

    def is_hidden(self, block: int) -> bool:
        """Whether software cannot read a key block."""
        return bool(self.value("RD_DIS") >> block & 1)


@dataclass(frozen=True)
class Step:
    """One burn: fields of block 0 to these values, or a key into a block."""

    name: str
    fields: Mapping[str, int] = field(default_factory=dict)
    key: str = ""
    block: int = 0


def plan(fuses: Fuses, wish: Wish) -> list[Step]:
    """What is left to be burnt, in order; what is burnt already is left out."""
    layout, steps = fuses.layout, []
    if layout.xts:
        flash_block = fuses.block_of(FLASH_KEY)
        if flash_block is None and wish.flash_encryption:
            flash_block = fuses.free_block()
        digest_block = fuses.block_of(DIGEST)
        digest_block = fuses.free_block(flash_block) if digest_block is None else digest_block
    else:
        flash_block, digest_block = 0, 1
    if wish.flash_encryption:
        steps += _with_key(fuses, FLASH_KEY, flash_block)
    if wish.digest is not None:
        steps += _with_key(fuses, DIGEST, digest_block, wish.digest)
    shut: dict[str, int] = {}
    on: dict[str, int] = {}
    keep = 0
    if wish.flash_encryption:
        shut |= layout.harden_flash
        keep |= layout.keep_shut
        on[layout.crypt_count] = (1 << layout.fields[layout.crypt_count][2]) - 1
    if wish.digest is not None:
        shut |= layout.harden_boot
        keep |= _WR_RD_DIS
        on[layout.secure_boot] = 1
    # Apart from each other: a burn that is torn must not protect what it has not burnt.
    steps += [Step("shut", shut), Step("keep shut", {"WR_DIS": keep}), Step("turn on", on)]
    return [step for step in steps if step.key or not _is_burnt(fuses, step)]


def _with_key(
    fuses: Fuses, what: str, block: int | None, wanted: bytes | None = None
) -> list[Step]:
    """A key, and then what protects it: the flash key from reading, too."""
    if block is None:
        raise FlashError("No key block of this chip is free. Put the board aside.", REFUSED, UNFIT)
    first_bit = 23 if fuses.layout.xts else 7
    protect = {"WR_DIS": 1 << first_bit + block}
    if fuses.layout.xts:
        protect["WR_DIS"] |= 1 << 8 + block  # Its purpose.
    if what == FLASH_KEY:
        protect["RD_DIS"] = 1 << block
        if not fuses.layout.xts:
            protect["FLASH_CRYPT_CONFIG"] = 0xF
    steps = [Step(f"protect {what}", protect)]
    held = fuses.keys[fuses.layout.key_blocks[block][0]]
    if fuses.block_of(what) is None or (wanted is not None and held != wanted):
        steps.insert(0, Step(what, key=what, block=block))
    return steps


def _is_burnt(fuses: Fuses, step: Step) -> bool:
    return all(fuses.value(name) & value == value for name, value in step.fields.items())


def may_write(fuses: Fuses) -> bool:
    """Whether flash can be written anew: no key that nobody has decides what it holds."""
    return not fuses.secured and fuses.block_of(FLASH_KEY) is None


def judge(fuses: Fuses, wish: Wish) -> None:
    """FlashError when the chip cannot get what is wished, whatever its flash holds."""
    if fuses.chip == "esp32":
        if fuses.value("CODING_SCHEME") & 3 not in (0, 3):
            raise _unfit("its eFuses use another coding scheme, with shorter keys")
        if wish.digest is not None and fuses.revision < _REVISION_FOR_SECURE_BOOT:
            raise _unfit(
                f"secure boot v2 needs an ESP32 of revision 3, this is "
                f"{fuses.revision // 100}.{fuses.revision % 100}. Take a board with a newer chip "
                "(ESP32-…-V3), or leave --secure-boot out"
            )
        if fuses.value("ABS_DONE_0"):
            raise _unfit("secure boot of version 1 is burnt in")
    if not wish.flash_encryption and fuses.block_of(FLASH_KEY) is not None:
        raise _begun_otherwise("--flash-encryption")
    digest = fuses.block_of(DIGEST)
    if wish.digest is None and digest is not None:
        raise _begun_otherwise("--secure-boot")
    if wish.digest is not None and digest is not None:
        _same_digest(fuses, wish.digest, digest)
    shut = fuses.value("WR_DIS") & _WR_RD_DIS
    if wish.flash_encryption and shut and not _flash_key_is_hidden(fuses):
        raise _unfit("no key of it can be hidden from reading any more")


def _flash_key_is_hidden(fuses: Fuses) -> bool:
    block = fuses.block_of(FLASH_KEY)
    return block is not None and fuses.is_hidden(block)


def _same_digest(fuses: Fuses, wanted: bytes, block: int) -> None:
    held = fuses.keys[fuses.layout.key_blocks[block][0]]
    if fuses.is_hidden(block):
        raise _unfit("the digest of its signing key is hidden, so that it boots nothing signed")
    # Without a code over the block, one that was torn takes the bits that are missing.
    more = all(have & ~want == 0 for have, want in zip(held, wanted, strict=True))
    is_open = not fuses.value("WR_DIS") >> 7 + block & 1
    if held != wanted and not (more and is_open and not fuses.layout.xts):
        raise _unfit("the digest of another signing key is burnt in, or half of one")


def _unfit(why: str) -> FlashError:
    return FlashError(
        f"This board cannot get that: {why}. Nothing was written or burnt.", REFUSED, UNFIT
    )


def _begun_otherwise(option: str) -> FlashError:
    return FlashError(
        f"This board was begun with {option}: run the same command again with it, so that it is "
        "completed. Nothing was written or burnt.",
        REFUSED, HALF_BURNT,
    )  # fmt: skip


def refuse_plain(fuses: Fuses) -> None:
    """FlashError for a board with burnt fuses that is to get a plain image."""
    if fuses.secured or fuses.begun:
        raise FlashError(
            "Keys are burnt into this board; it takes no plain image.",
            REFUSED, LOCKED if fuses.secured else HALF_BURNT,
        )  # fmt: skip


def key_bytes(words: tuple[int, ...]) -> bytes:
    """A block as bytes, from its registers."""
    return struct.pack(f"<{len(words)}I", *words)
