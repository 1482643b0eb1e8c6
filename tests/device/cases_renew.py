# mypy: ignore-errors
"""A renewal as the controller wraps it, opened by a node; run by every interpreter."""

from firmware import renew

KEY = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
# {"password": "x", "key": 64 times "a"} under KEY, generation 70000, nonce 00 to 0f; the
# controller's end is held to the same bytes by its own test.
WRAPPED = (
    "4c4c4b31000102030405060708090a0b0c0d0e0f94964d3562f1b5144a14c453bca3f0bd56cd9cab"
    "2bdace6b348432253651ef1c91223d25ed7c9a10ab4cefa416673b33fc3389c6ed307665bc2efccc"
    "4765ff8940e48868106828f43ba5e38cbec08149d8a819550431189107438c0fde3f3e12aa9f6c5e"
    "24fef9d2859ef16b77891e4771823513cb2e0b76b87c2cfc"
)


def test_a_renewal_is_opened_under_its_own_key_and_generation():
    content = bytes.fromhex(WRAPPED)
    assert renew._opened(KEY, content, 70000) == {"password": "x", "key": "a" * 64}
    assert renew._opened("00" * 32, content, 70000) is None
    assert renew._opened(KEY, content, 70001) is None


def test_a_renewal_is_refused_when_any_byte_of_it_is_another():
    content = bytes.fromhex(WRAPPED)
    for at in range(len(content)):
        bent = bytearray(content)
        bent[at] ^= 0x10
        assert renew._opened(KEY, bytes(bent), 70000) is None
        assert renew._opened(KEY, content[:at], 70000) is None


def test_a_mac_is_that_of_rfc_4231():
    # RFC 4231, test case 2.
    expected = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
    assert renew._mac(b"Jefe", b"what do ya want for nothing?") == bytes.fromhex(expected)
