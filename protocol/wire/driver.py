"""What the bytes of a DALI driver's memory mean: names and numbers (`banks` of DriverData).

DiiA parts 251 (bank 1), 252 (203 apparent, 204 load side energy) and 253 (205 gear, 206 light
source, 207 luminaire); bank 255 is what control devices answered. A node's console asks for it,
and the controller.
"""

# Bank, and rows of: name, place, bytes, what is taken off.
DRIVER_BANKS = (
    (1, (
        ("luminaire_gtin", 3, 6, 0), ("luminaire_id", 9, 8, 0), ("made_year", 19, 1, 0),
        ("made_week", 20, 1, 0), ("nominal_power_w", 21, 2, 0), ("least_power_w", 23, 2, 0),
        ("mains_min_v", 25, 2, 0), ("mains_max_v", 27, 2, 0), ("light_lm", 29, 3, 0),
        ("cri", 32, 1, 0), ("colour_k", 33, 2, 0),
    )),
    (203, (("apparent_energy_vah", 5, 6, 4), ("apparent_power_va", 12, 4, 11))),
    (204, (("load_energy_wh", 5, 6, 4), ("load_power_w", 12, 4, 11))),
    (205, (
        ("gear_on_s", 4, 4, 0), ("gear_starts", 8, 3, 0), ("mains_hz", 13, 1, 0),
        ("power_factor_percent", 14, 1, 0), ("gear_failures", 16, 1, 0),
        ("undervoltages", 18, 1, 0), ("overvoltages", 20, 1, 0), ("power_limits", 22, 1, 0),
        ("gear_deratings", 24, 1, 0), ("gear_shutdowns", 26, 1, 0), ("gear_c", 27, 1, 60),
        ("gear_current_percent", 28, 1, 0),
    )),
    (206, (
        ("light_starts", 7, 3, 0), ("light_on_s", 14, 4, 0), ("light_dv", 18, 2, 0),
        ("light_ma", 20, 2, 0), ("light_failures", 23, 1, 0), ("short_circuits", 25, 1, 0),
        ("open_circuits", 27, 1, 0), ("light_deratings", 29, 1, 0),
        ("light_shutdowns", 31, 1, 0), ("light_c", 32, 1, 60),
    )),
    (207, (("rated_life_kh", 4, 1, 0), ("rated_starts_100", 6, 1, 0))),
    (255, (("input_instances", 0, 1, 0),)),
)  # fmt: skip
# In these banks it is the place of a signed power of ten instead, of which no more is believed.
_TENS = (203, 204)
_EXACT_MAX = (1 << 53) - 1  # What all readers of JSON keep; no driver has used so much.
_TEN_MAX = 9


def driver_facts(content: bytes) -> "list[tuple[str, int]]":
    """Names and numbers of what is known; all ones, or all but the last, is not."""
    found: "list[tuple[str, int]]" = []
    at = 0
    while at + 3 <= len(content):
        bank, first, size = content[at : at + 3]
        part = bytes(first) + content[at + 3 : at + 3 + size]
        at += 3 + size
        for number, rows in DRIVER_BANKS:
            if number == bank:
                for name, place, count, off in rows:
                    value = _value(bank, first, part, place, count, off)
                    if value is not None:
                        found.append((name, value))
    return found


def _value(bank: int, first: int, part: bytes, place: int, count: int, off: int) -> "int | None":
    """The number at a place of a bank, of which the bytes before `first` are not there."""
    if place < first or place + count > len(part):
        return None
    number = int.from_bytes(part[place : place + count], "big")
    if number >= (1 << 8 * count) - 2:
        return None
    if bank not in _TENS:
        return number - off
    if off < first:
        return None
    ten = part[off] - 256 if part[off] > 127 else part[off]
    if ten > _TEN_MAX or -ten > _TEN_MAX:
        return None
    number = number * int(10**ten) if ten >= 0 else number // int(10 ** (-ten))
    return number if number <= _EXACT_MAX else None
