"""What a lamp's DALI driver holds, in TALQ: function, attribute and kind of each number.

The model's functions for DALI parts 251 to 253 demand all of their attributes, events and types of
whoever announces them, which is more than a node reads. So a number goes where the lamp's own
functions have a place for it, and else into the vendor function under its name on the wire.
"""

from __future__ import annotations

from protocol import wire

# Name on the wire: attribute of `monitor`, and how many of the wire's units are one of its.
_MONITORED = {
    "apparent_power_va": ("apparentPower", 1),
    "power_factor_percent": ("powerFactor", 100),
    "light_starts": ("switchOnCounter", 0),
}
# Larger than what all readers of JSON keep exactly, or no number at all.
_TEXTS = ("luminaire_gtin", "luminaire_id")
# How many there are of what may be connected to the bus is left with the controller.
_LEFT = ("input_instances",)
_NAMES = tuple(name for _, rows in wire.DRIVER_BANKS for name, _, _, _ in rows)


def _vendor(name: str) -> str:
    return "driver" + "".join(word.capitalize() for word in name.split("_"))


# Name on the wire: function, attribute, kind, and what to divide by (0: it stays an integer).
FACTS: dict[str, tuple[str, str, str, int]] = {
    name: (
        ("monitor", _MONITORED[name][0], "Float" if _MONITORED[name][1] else "Integer",
         _MONITORED[name][1])
        if name in _MONITORED
        else ("node", _vendor(name), "String" if name in _TEXTS else "Integer", 0)
    )
    for name in _NAMES
    if name not in _LEFT
}  # fmt: skip
NUMBERS = tuple(name for of, name, kind, _ in FACTS.values() if of == "node" and kind != "String")
TEXTS = tuple(name for of, name, kind, _ in FACTS.values() if of == "node" and kind == "String")
MONITORED = tuple(name for name, _ in _MONITORED.values())


def value(kind: str, number: int, scale: int) -> str | int | float:
    """A number of the wire as the model has it."""
    if kind == "String":
        return str(number)
    return number / scale if scale else number
