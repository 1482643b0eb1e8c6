# mypy: ignore-errors
"""Signatures: the vectors of RFC 8032, and forms that must not pass."""

from firmware import ed25519

L = (1 << 252) + 27742317777372353535851937790883648493
P = (1 << 255) - 19

# RFC 8032, section 7.1: key, message, signature.
VECTORS = (
    (
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555"
        "fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
    ),
    (
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
        "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
    ),
    (
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac"
        "18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a",
    ),
    (
        "ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf",
        "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
        "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
        "dc2a4459e7369633a52b1bf277839a00201009a3efbf3ecb69bea2186c26b589"
        "09351fc9ac90b3ecfdfbc7c66431e0303dca179c138ac17ad9bef1177331a704",
    ),
)


def parts(vector):
    return [bytes.fromhex(text) for text in vector]


def digest(message):
    into = bytearray(64)
    for _ in ed25519.sha512(message, into):
        pass
    return bytes(into)


def test_the_vectors_of_the_standard_are_good():
    for vector in VECTORS:
        key, message, signature = parts(vector)
        assert ed25519.verify(key, signature, message), vector[0]


def test_a_changed_bit_anywhere_is_refused():
    key, message, signature = parts(VECTORS[2])
    for bit in range(0, 512, 37):
        wrong = bytearray(signature)
        wrong[bit // 8] ^= 1 << bit % 8
        assert not ed25519.verify(key, bytes(wrong), message), bit
    for bit in range(0, 256, 31):
        wrong = bytearray(key)
        wrong[bit // 8] ^= 1 << bit % 8
        assert not ed25519.verify(bytes(wrong), signature, message), bit
    assert not ed25519.verify(key, signature, message + b"\0")
    assert not ed25519.verify(key, signature, b"")


def test_the_second_form_of_a_signature_is_refused():
    key, message, signature = parts(VECTORS[1])
    s = int.from_bytes(signature[32:], "little")
    assert s < L
    again = signature[:32] + (s + L).to_bytes(32, "little")
    assert not ed25519.verify(key, again, message)
    edge = signature[:32] + L.to_bytes(32, "little")
    assert not ed25519.verify(key, edge, message)


def test_a_key_that_is_no_canonical_point_is_refused():
    signature = bytes(64)
    # y = 1 is the neutral point, with which R = neutral, S = 0 is good for every message.
    neutral = (1).to_bytes(32, "little")
    assert ed25519.verify(neutral, neutral + bytes(32), b"")
    for y in (P, P + 1, P + 2, (1 << 255) - 1):
        assert not ed25519.verify(y.to_bytes(32, "little"), signature, b""), y
        assert not ed25519.verify(y.to_bytes(32, "little"), neutral + bytes(32), b""), y
    # x = 0 has no other sign.
    negative = (1 | 1 << 255).to_bytes(32, "little")
    assert not ed25519.verify(negative, neutral + bytes(32), b"")
    # y = 2 lies on no point of the curve.
    assert not ed25519.verify((2).to_bytes(32, "little"), neutral + bytes(32), b"")
    # R that is not reduced names the neutral point too, but is no encoding.
    assert not ed25519.verify(neutral, (P + 1).to_bytes(32, "little") + bytes(32), b"")


def test_wrong_lengths_are_refused():
    key, message, signature = parts(VECTORS[0])
    assert not ed25519.verify(key[:31], signature, message)
    assert not ed25519.verify(key + b"\0", signature, message)
    assert not ed25519.verify(key, signature[:63], message)
    assert not ed25519.verify(key, signature + b"\0", message)


def test_sha512_is_right_around_its_blocks():
    assert digest(b"abc") == bytes.fromhex(VECTORS[3][1])
    assert digest(b"")[:8] == bytes.fromhex("cf83e1357eefb8bd")
    # Lengths at which the padding needs a block of its own, folded into one digest.
    all_of_them = b""
    for size in (111, 112, 127, 128, 129, 239, 240, 256):
        all_of_them = digest(all_of_them + bytes(i & 255 for i in range(size)))
    assert all_of_them[:8] == bytes.fromhex("702d69a38f5a8abf")


def test_work_comes_in_hundreds_of_slices():
    key, message, signature = parts(VECTORS[0])
    told = list(ed25519.run(key, signature, message))
    assert 300 < len(told) < 330
    assert told[-1] is True
    assert set(told[:-1]) == {None}
