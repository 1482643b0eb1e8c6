"""Ed25519 signatures, verified in slices so that the lamp is driven meanwhile (RFC 8032).

Cold: a file of its own in the image, imported when an update has arrived and let go afterwards.
Only integers are used. Every `yield` ends a slice of at most eighteen multiplications; what stays
between slices is a few points of the curve. It is no secret that is worked on, so the time may
depend on the values.
"""

_P = (1 << 255) - 19
_L = (1 << 252) + 27742317777372353535851937790883648493
_D = 37095705934669439343138083508754565189542113879843219016388785533085940283555
_ROOT = 19681161376707505956807079304988542015446066515923890162744021073123829784752  # of -1
_BASE_X = 15112221349535400772501151409588531511454012693041857206046113283949847762202
_BASE_Y = 46316835694926478169428394003475163141307993866256225615783033603165251855960
_MASK64 = (1 << 64) - 1
_SQUARINGS = 16  # In one slice.
_ROUNDS = 16  # Of SHA-512, in one slice; a block has eighty.

# SHA-512 (FIPS 180-4): the first 64 bits of the fractions of the square roots of the first eight
# primes, and of the cube roots of the first eighty.
_START = bytes.fromhex(
    "6a09e667f3bcc908bb67ae8584caa73b3c6ef372fe94f82ba54ff53a5f1d36f1"
    "510e527fade682d19b05688c2b3e6c1f1f83d9abfb41bd6b5be0cd19137e2179"
)
_CONSTANTS = bytes.fromhex(
    "428a2f98d728ae227137449123ef65cdb5c0fbcfec4d3b2fe9b5dba58189dbbc3956c25bf348b538"
    "59f111f1b605d019923f82a4af194f9bab1c5ed5da6d8118d807aa98a303024212835b0145706fbe"
    "243185be4ee4b28c550c7dc3d5ffb4e272be5d74f27b896f80deb1fe3b1696b19bdc06a725c71235"
    "c19bf174cf692694e49b69c19ef14ad2efbe4786384f25e30fc19dc68b8cd5b5240ca1cc77ac9c65"
    "2de92c6f592b02754a7484aa6ea6e4835cb0a9dcbd41fbd476f988da831153b5983e5152ee66dfab"
    "a831c66d2db43210b00327c898fb213fbf597fc7beef0ee4c6e00bf33da88fc2d5a79147930aa725"
    "06ca6351e003826f142929670a0e6e7027b70a8546d22ffc2e1b21385c26c9264d2c6dfc5ac42aed"
    "53380d139d95b3df650a73548baf63de766a0abb3c77b2a881c2c92e47edaee692722c851482353b"
    "a2bfe8a14cf10364a81a664bbc423001c24b8b70d0f89791c76c51a30654be30d192e819d6ef5218"
    "d69906245565a910f40e35855771202a106aa07032bbd1b819a4c116b8d2d0c81e376c085141ab53"
    "2748774cdf8eeb9934b0bcb5e19b48a8391c0cb3c5c95a634ed8aa4ae3418acb5b9cca4f7763e373"
    "682e6ff3d6b2b8a3748f82ee5defb2fc78a5636f43172f6084c87814a1f0ab728cc702081a6439ec"
    "90befffa23631e28a4506cebde82bde9bef9a3f7b2c67915c67178f2e372532bca273eceea26619c"
    "d186b8c721c0c207eada7dd6cde0eb1ef57d4f7fee6ed17806f067aa72176fba0a637dc5a2c898a6"
    "113f9804bef90dae1b710b35131c471b28db77f523047d8432caab7b40c724933c9ebe0a15c9bebc"
    "431d67c49c100d4c4cc5d4becb3e42b6597f299cfc657e2a5fcb6fab3ad6faec6c44198c4a475817"
)


def _rounds(schedule: list[int], state: list[int], first: int) -> None:
    """Sixteen rounds of one block; the schedule is a ring of sixteen words."""
    a, b, c, d, e, f, g, h = state
    for t in range(first, first + _ROUNDS):
        i = t & 15
        w = schedule[i]
        if t > 15:
            x, y = schedule[i - 15], schedule[i - 2]
            x |= x << 64
            y |= y << 64
            w += ((x >> 1) ^ (x >> 8) ^ ((x & _MASK64) >> 7)) & _MASK64
            w += ((y >> 19) ^ (y >> 61) ^ ((y & _MASK64) >> 6)) & _MASK64
            w = (w + schedule[i - 7]) & _MASK64
            schedule[i] = w
        x = e | e << 64
        h += ((x >> 14) ^ (x >> 18) ^ (x >> 41)) & _MASK64
        h += ((e & f) ^ (~e & g)) + int.from_bytes(_CONSTANTS[8 * t : 8 * t + 8], "big") + w
        x = a | a << 64
        t1 = h
        h, g, f, e = g, f, e, (d + t1) & _MASK64
        t1 += (((x >> 28) ^ (x >> 34) ^ (x >> 39)) & _MASK64) + ((a & b) ^ (a & c) ^ (b & c))
        d, c, b, a = c, b, a, t1 & _MASK64
    for i, word in enumerate((a, b, c, d, e, f, g, h)):
        state[i] = word


def sha512(message: bytes, into: bytearray):  # type: ignore[no-untyped-def] # steps of it
    """Steps that leave the digest in `into` (64 bytes)."""
    bits = len(message) * 8
    message += b"\x80" + bytes(-(len(message) + 17) % 128) + bits.to_bytes(16, "big")
    total = [int.from_bytes(_START[i : i + 8], "big") for i in range(0, 64, 8)]
    for at in range(0, len(message), 128):
        schedule = [int.from_bytes(message[i : i + 8], "big") for i in range(at, at + 128, 8)]
        state = total[:]
        for first in range(0, 80, _ROUNDS):
            _rounds(schedule, state, first)
            yield
        total = [(x + y) & _MASK64 for x, y in zip(total, state)]
    for i, word in enumerate(total):
        into[8 * i : 8 * i + 8] = word.to_bytes(8, "big")


def _raise(result: list[int]):  # type: ignore[no-untyped-def] # steps of it
    """Steps that put x to the power of 2^250 - 1 behind x in `result`."""
    x = result[0]
    ones = {1: x}
    # Each row: so many ones in the exponent come from this many, shifted by that many.
    for count, high, low in (
        (2, 1, 1), (4, 2, 2), (5, 4, 1), (10, 5, 5), (20, 10, 10), (40, 20, 20),
        (50, 40, 10), (100, 50, 50), (200, 100, 100), (250, 200, 50),
    ):  # fmt: skip
        y = ones[high]
        for i in range(low):
            y = y * y % _P
            if i % _SQUARINGS == _SQUARINGS - 1:
                yield
        ones[count] = y * ones[low] % _P
        yield
    result.append(ones[250])


def _decode(data: bytes, point: list[int]):  # type: ignore[no-untyped-def] # steps of it
    """Steps that put x and y into `point`, unless the data are none (RFC 8032, 5.1.3)."""
    y = int.from_bytes(data, "little")
    sign = y >> 255
    y &= (1 << 255) - 1
    if y >= _P:
        return
    u, v = (y * y - 1) % _P, (_D * y * y + 1) % _P
    v3 = v * v % _P * v % _P
    power = [u * v3 % _P * v3 % _P * v % _P]
    yield from _raise(power)
    x = power[1] * power[1] % _P
    x = x * x % _P * power[0] % _P * u % _P * v3 % _P
    check = v * x % _P * x % _P
    if check == _P - u and u:
        x = x * _ROOT % _P
    elif check != u:
        return
    if not x and sign:
        return
    point.append(_P - x if x & 1 != sign else x)
    point.append(y)


def _ready(x: int, y: int, z: int, t: int) -> tuple[int, int, int, int]:
    """A point as `_add` wants its second one."""
    return (y - x) % _P, (y + x) % _P, 2 * z % _P, 2 * _D * t % _P


def _add(p: tuple[int, int, int, int], q: tuple[int, int, int, int]) -> tuple[int, int, int, int]:
    """The sum of p and a ready q, in extended coordinates (RFC 8032, 5.1.4)."""
    x, y, z, t = p
    a, b = (y - x) * q[0] % _P, (y + x) * q[1] % _P
    c, d = t * q[3] % _P, z * q[2] % _P
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % _P, g * h % _P, f * g % _P, e * h % _P


def _double(p: tuple[int, int, int, int]) -> tuple[int, int, int, int]:
    x, y, z, _ = p
    a, b = x * x % _P, y * y % _P
    h = a + b
    e = h - (x + y) * (x + y) % _P
    g = a - b
    f = 2 * z * z % _P + g
    return e * f % _P, g * h % _P, f * g % _P, e * h % _P


def run(  # type: ignore[no-untyped-def] # steps of it
    public: bytes, signature: bytes, message: bytes
):
    """Yields None while there is work, then once whether the signature is good."""
    if len(public) != 32 or len(signature) != 64:
        yield False
        return
    s = int.from_bytes(signature[32:], "little")
    key: list[int] = []
    if s < _L:  # Else the same signature would be good in two forms.
        yield from _decode(public, key)
    if not key:
        yield False
        return
    digest = bytearray(64)
    yield from sha512(signature[:32] + public + message, digest)
    k = int.from_bytes(digest, "little") % _L
    # R must be sB - kA: both products in one pass over the bits.
    x, y = _P - key[0], key[1]
    base = (_BASE_X, _BASE_Y, 1, _BASE_X * _BASE_Y % _P)
    ready = _ready(x, y, 1, x * y % _P)
    both = _ready(*_add(base, ready))
    table = (ready, _ready(*base), both)
    point = (0, 1, 1, 0)
    for bit in range(252, -1, -1):
        point = _double(point)
        which = (k >> bit & 1) + 2 * (s >> bit & 1)
        if which:
            point = _add(point, table[which - 1])
        yield
    inverse = [point[2]]
    yield from _raise(inverse)
    x = inverse[1]
    for _ in range(5):
        x = x * x % _P
    z = inverse[0]
    z2 = z * z % _P
    x = x * z2 % _P * z2 % _P * z2 % _P * z2 % _P * z2 % _P * z % _P
    y = point[1] * x % _P
    yield (y | (point[0] * x % _P & 1) << 255).to_bytes(32, "little") == signature[:32]


def verify(public: bytes, signature: bytes, message: bytes) -> bool:
    """All steps at once."""
    for told in run(public, signature, message):
        if told is not None:
            return bool(told)
    return False
