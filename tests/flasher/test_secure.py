"""What is burnt and in which order: pure, for each chip and from each place it may stop at."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import pytest

from flasher import secure
from flasher.secure import DIGEST, FLASH_KEY, LAYOUTS, Fuses, Step, Wish
from flasher.troubles import FlashError

CHIPS = sorted(LAYOUTS)
KEY, SIGNER = bytes(range(32)), bytes(range(100, 132))
BOTH = Wish(flash_encryption=True, digest=SIGNER)
SWITCHES = {
    name for layout in LAYOUTS.values() for name in (*layout.harden_flash, *layout.harden_boot)
}
WISHES = (BOTH, Wish(flash_encryption=True), Wish(digest=SIGNER))


def blank(chip: str, revision: int = 300) -> Fuses:
    layout = LAYOUTS[chip]
    keys = dict.fromkeys((name for name, _ in layout.key_blocks), bytes(32))
    return Fuses(chip, (0,) * layout.words, keys, revision)


def with_fields(fuses: Fuses, **fields: int) -> Fuses:
    """As after a burn: bits are added, and what is shut is read as nothing."""
    words = list(fuses.words)
    for name, value in fields.items():
        word, shift, _ = fuses.layout.fields[name]
        words[word] |= value << shift
    found = Fuses(fuses.chip, tuple(words), fuses.keys, fuses.revision)
    keys = {
        name: bytes(32) if found.is_hidden(number) else held
        for number, (name, held) in enumerate(fuses.keys.items())
    }
    return Fuses(fuses.chip, tuple(words), keys, fuses.revision)


def with_key(fuses: Fuses, block: int, content: bytes, purpose: int = 0) -> Fuses:
    name, _ = fuses.layout.key_blocks[block]
    found = Fuses(fuses.chip, fuses.words, {**fuses.keys, name: content}, fuses.revision)
    return with_fields(found, **{f"KEY_PURPOSE_{block}": purpose}) if purpose else found


def burnt(fuses: Fuses, step: Step) -> Fuses:
    """What a chip is after a step."""
    if not step.key:
        return with_fields(fuses, **step.fields)
    content = KEY if step.key == FLASH_KEY else SIGNER
    purpose = {FLASH_KEY: 4, DIGEST: 9}[step.key] if fuses.layout.xts else 0
    return with_key(fuses, step.block, content, purpose)


def each_stop(chip: str, wish: Wish) -> Iterator[tuple[Fuses, list[Step]]]:
    """The eFuses before the first step and after each, with what is left."""
    fuses = blank(chip)
    steps = secure.plan(fuses, wish)
    for number in range(len(steps) + 1):
        yield fuses, steps[number:]
        if number < len(steps):
            fuses = burnt(fuses, steps[number])


@pytest.mark.parametrize("chip", CHIPS)
@pytest.mark.parametrize("wish", WISHES)
def test_what_turns_it_on_is_burnt_last_and_alone(chip: str, wish: Wish) -> None:
    steps = secure.plan(blank(chip), wish)
    layout = LAYOUTS[chip]
    last = {layout.crypt_count: 127 if chip == "esp32" else 7} if wish.flash_encryption else {}
    last |= {layout.secure_boot: 1} if wish.digest else {}
    assert steps[-1].fields == last
    for step in steps[:-1]:
        assert not set(step.fields) & {layout.crypt_count, layout.secure_boot}


@pytest.mark.parametrize("chip", CHIPS)
def test_the_flash_key_is_hidden_before_reading_can_be_hidden_no_more(chip: str) -> None:
    names = [step.name for step in secure.plan(blank(chip), BOTH)]
    assert names == [
        "flash key", "protect flash key", "digest", "protect digest", "shut",
        "keep shut", "turn on",
    ]  # fmt: skip
    assert secure.plan(blank(chip), BOTH)[5].fields["WR_DIS"] & 1
    assert not secure.plan(blank(chip), Wish(flash_encryption=True))[3].fields["WR_DIS"] & 1


@pytest.mark.parametrize("chip", CHIPS)
def test_no_burn_protects_what_it_may_not_have_burnt_itself(chip: str) -> None:
    for step in secure.plan(blank(chip), BOTH):
        assert not ("WR_DIS" in step.fields and set(step.fields) & SWITCHES), step


@pytest.mark.parametrize("chip", CHIPS)
@pytest.mark.parametrize("wish", WISHES)
def test_a_board_that_stopped_anywhere_needs_just_what_is_left(chip: str, wish: Wish) -> None:
    for fuses, left in each_stop(chip, wish):
        secure.judge(fuses, wish)
        assert secure.plan(fuses, wish) == left
        assert fuses.secured == (not left)


@pytest.mark.parametrize("chip", CHIPS)
def test_flash_is_written_anew_only_while_nobody_has_its_key(chip: str) -> None:
    may = [secure.may_write(fuses) for fuses, _ in each_stop(chip, BOTH)]
    assert may == [True, False, False, False, False, False, False, False]
    may = [secure.may_write(fuses) for fuses, _ in each_stop(chip, Wish(digest=SIGNER))]
    assert may == [True, True, True, True, True, False]


@pytest.mark.parametrize("chip", CHIPS)
def test_a_board_that_was_begun_takes_no_plain_image(chip: str) -> None:
    stops = [fuses for fuses, _ in each_stop(chip, BOTH)]
    secure.refuse_plain(stops[0])
    names = []
    for fuses in stops[1:]:
        with pytest.raises(FlashError) as caught:
            secure.refuse_plain(fuses)
        names.append((caught.value.name, caught.value.code))
    assert names == [("half-burnt", 4)] * 6 + [("locked", 4)]


@pytest.mark.parametrize("chip", CHIPS)
@pytest.mark.parametrize(("begun", "other"), list(itertools.permutations(WISHES, 2)))
def test_a_board_that_was_begun_otherwise_is_told_so_or_completed(
    chip: str, begun: Wish, other: Wish
) -> None:
    for fuses, left in list(each_stop(chip, begun))[1:-1]:
        lost = (begun.flash_encryption and not other.flash_encryption) or (
            begun.digest and not other.digest and fuses.block_of(DIGEST) is not None
        )
        shut = not begun.flash_encryption and fuses.value("WR_DIS") & 1
        if lost or (shut and other.flash_encryption):
            with pytest.raises(FlashError) as caught:
                secure.judge(fuses, other)
            assert caught.value.code == 4, left
        else:
            secure.judge(fuses, other)


def test_an_esp32_before_revision_3_gets_no_secure_boot_and_is_told_what_to_do() -> None:
    old = blank("esp32", revision=101)
    with pytest.raises(FlashError, match=r"needs an ESP32 of revision 3, this is 1\.1\. Take"):
        secure.judge(old, BOTH)
    secure.judge(old, Wish(flash_encryption=True))


@pytest.mark.parametrize(
    ("fields", "words"),
    [({"CODING_SCHEME": 1}, "another coding scheme"), ({"ABS_DONE_0": 1}, "of version 1")],
)
def test_an_esp32_that_was_burnt_otherwise_is_refused(fields: dict[str, int], words: str) -> None:
    with pytest.raises(FlashError, match=words):
        secure.judge(with_fields(blank("esp32"), **fields), BOTH)


@pytest.mark.parametrize("chip", CHIPS)
def test_another_citys_digest_is_refused(chip: str) -> None:
    block, purpose = (1, 0) if chip == "esp32" else (0, 9)
    fuses = with_key(blank(chip), block, KEY, purpose)
    with pytest.raises(FlashError, match="another signing key"):
        secure.judge(fuses, BOTH)


def test_half_a_digest_in_an_esp32_is_completed_unless_it_is_shut() -> None:
    half = bytes(byte & 0x55 for byte in SIGNER)
    fuses = with_key(blank("esp32"), 1, half)
    secure.judge(fuses, BOTH)
    assert [step.name for step in secure.plan(fuses, BOTH)][2:4] == ["digest", "protect digest"]
    with pytest.raises(FlashError, match="or half of one"):
        secure.judge(with_fields(fuses, WR_DIS=1 << 8), BOTH)


@pytest.mark.parametrize("chip", ["esp32c3", "esp32s3"])
def test_a_block_that_was_torn_is_left_and_the_next_one_taken(chip: str) -> None:
    torn = with_key(blank(chip), 0, KEY)  # Its purpose is burnt only afterwards.
    blocks = [step.block for step in secure.plan(torn, BOTH) if step.key]
    assert blocks == [1, 2]
    assert not torn.begun


def test_a_flash_key_never_goes_into_the_block_that_cannot_hold_one() -> None:
    fuses = blank("esp32s3")
    for block in range(5):
        fuses = with_key(fuses, block, KEY, 1)
    with pytest.raises(FlashError, match="No key block of this chip is free"):
        secure.plan(fuses, Wish(flash_encryption=True))


@pytest.mark.parametrize("chip", ["esp32c3", "esp32s3"])
def test_a_digest_alone_takes_the_only_block_that_is_free(chip: str) -> None:
    fuses = blank(chip)
    for block in (0, 1, 2, 4, 5):
        fuses = with_key(fuses, block, KEY, 1)
    steps = secure.plan(fuses, Wish(digest=SIGNER))
    assert [step.block for step in steps if step.key] == [3]
    with pytest.raises(FlashError, match="No key block of this chip is free"):
        secure.plan(fuses, BOTH)


def test_an_even_count_of_bits_is_no_encryption() -> None:
    assert with_fields(blank("esp32"), FLASH_CRYPT_CNT=0b1).encrypts
    assert not with_fields(blank("esp32"), FLASH_CRYPT_CNT=0b101_0101).encrypts
    assert with_fields(blank("esp32c3"), SPI_BOOT_CRYPT_CNT=7).encrypts


def test_a_wish_is_told_and_read_back() -> None:
    for wish in (*WISHES, Wish()):
        assert secure.wish_of(wish.told()) == wish
    assert not Wish()
