"""What a program listens to beside the node's own sensors, and which number a node knows it by."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from protocol import schedule, talq
from protocol.schedule.planning import OWN

EXCEEDED, MISSING = "serviceConstraintExceeded", "relatedResourceNotFound"
INPUTS_MAX = schedule.INPUTS_MAX
# The measurement of a sensor that is referred to by its function alone.
READINGS = {
    "presence": "presenceStatus",
    "photocell": "photocellOutput",
    "light": "lightLevel",
    "bay": "occupancy",
    "ripple": "level",
}
_RIPPLE_ON = (("EQ", "ON"), ("EQ", True), ("NE", "OFF"), ("NE", False))
OPERATORS = ("EQ", "NE", "GE", "GT", "LE", "LT")
_ON_WORDS = {"ON": True, "OFF": False, "Occupied": True, "Vacant": False}

Scalar = bool | float | str


class NotForNodesError(ValueError):
    """Something that a node cannot do; `field` and the text say what, `key` is TALQ's."""

    def __init__(self, field: str, said: str, key: str = EXCEEDED) -> None:
        super().__init__(said)
        self.field = field
        self.key = key


@dataclass(frozen=True)
class Source:
    """One thing outside: the device, function and attribute, or an external sensor's address.

    Without levels and operator it is on while its value says so; with levels, in hysteresis,
    while it is dark; with an operator, while the comparison holds.
    """

    device: str = ""
    function: str = ""
    attribute: str = ""
    external: str = ""
    levels: tuple[float, float] | None = None  # Dark below, bright above.
    operator: str = ""
    wanted: Scalar = 0.0

    def state(self, value: object, before: int) -> int:
        """schedule.OFF, ON or UNKNOWN by the newest value (None: there is none)."""
        found = scalar(value)
        if found is None:
            return schedule.UNKNOWN
        if self.operator:
            holds = _compared(self.operator, found, self.wanted)
            return schedule.UNKNOWN if holds is None else int(holds)
        if isinstance(found, str):
            word = _ON_WORDS.get(found)
            return schedule.UNKNOWN if word is None else int(word)
        if isinstance(found, bool) or self.levels is None:
            return int(bool(found))
        dark, bright = self.levels
        if found < dark:
            return schedule.ON
        if found > bright:
            return schedule.OFF
        return schedule.ON if before == schedule.UNKNOWN else before


def scalar(value: object) -> Scalar | None:
    """The plain value in an attribute's value, a state or a command; None: there is none."""
    for _ in range(3):
        if not isinstance(value, Mapping):
            break
        value = value.get("state", value.get("value"))
    if isinstance(value, bool | str):
        return value
    return float(value) if isinstance(value, int | float) else None


def _compared(operator: str, left: Scalar, right: Scalar) -> bool | None:
    """Whether a comparison holds; None for what has no order."""
    if operator in ("EQ", "NE"):
        return (left == right) is (operator == "EQ")
    if isinstance(left, bool | str) or isinstance(right, bool | str):
        return None
    return {"GE": left >= right, "GT": left > right, "LE": left <= right, "LT": left < right}[
        operator
    ]


class Numbering:
    """The sources of one lamp's table by their numbers. `here` is the lamp's own address.

    `known` are the devices that may be referred to; None: they are not judged.
    """

    def __init__(self, here: str = "", known: Mapping[str, Any] | None = None) -> None:
        self._here = here
        self._known = known
        self._numbers: dict[Source, int] = {}
        self._ripple = False  # Whether the last number is the own ripple contact's.

    @property
    def sources(self) -> tuple[Source, ...]:
        """All sources in the order of their numbers."""
        return tuple(self._numbers)

    def presence(self, where: str, addresses: object) -> list[int]:
        """Numbers of what starts a dynamic control; other addresses are external sensors."""
        found = []
        for text in _addresses(where, addresses):
            address = _split(text)
            if address is None or (self._known is not None and address.device not in self._known):
                found.append(self._number(where, Source(external=text)))
            elif self._own(address, "presence"):
                found.append(OWN)
            else:
                found.append(self._number(where, _reading(where, address, "presence")))
        return found or [OWN]

    def external(self, where: str, addresses: object) -> list[int]:
        """Numbers of what brings a level of its own."""
        texts = _addresses(where, addresses)
        if not texts:
            raise NotForNodesError(where, "an ExternalControlEffect needs its sensor's address")
        return [self._number(where, Source(external=text)) for text in texts]

    def light(
        self, where: str, addresses: object, levels: tuple[float, float] | None
    ) -> list[int]:
        """Numbers of light sensors, OWN for the lamp's own photocell."""
        found = []
        for text in _addresses(where, addresses):
            address = self._device(where, text)
            if self._rippled(address):
                found.append(schedule.RIPPLE)
                continue
            if self._own(address, "light") or self._own(address, "photocell"):
                found.append(OWN)
                continue
            source = _reading(where, address, "light")
            plain = (source.device, source.function, source.attribute)
            found.append(self._number(where, Source(*plain, levels=levels)))
        return found or [OWN]

    def value(self, where: str, said: Mapping[str, Any]) -> int:
        """The number of a comparison of an attribute."""
        reference = said.get("reference") or {}
        address = self._device(f"{where}.reference", str(reference.get("address", "")))
        if reference.get("resource") != "devices" or not address.attribute:
            raise NotForNodesError(f"{where}.reference", "expected an attribute of a device")
        wanted = scalar(said.get("state"))
        if said.get("operator") not in OPERATORS or wanted is None:
            raise NotForNodesError(f"{where}.state", "expected an operator and a plain value")
        if self._rippled(address) and (said["operator"], wanted) in _RIPPLE_ON:
            return schedule.RIPPLE
        source = Source(*address, operator=str(said["operator"]), wanted=wanted)
        return self._number(where, source)

    def _own(self, address: talq.Address, function: str) -> bool:
        """Whether this is the lamp's own sensor of that kind."""
        return (
            address.device == self._here
            and address.function in ("", function)
            and address.attribute in ("", READINGS[function])
        )

    def _rippled(self, address: talq.Address) -> bool:
        """Whether this is a cabinet's own ripple-control contact, which its node asks itself."""
        own = address.device == self._here and address.function == "ripple"
        self._ripple = self._ripple or own
        return own

    def _device(self, where: str, text: str) -> talq.Address:
        address = _split(text)
        if address is None or (self._known is not None and address.device not in self._known):
            raise NotForNodesError(where, f"{text!r} is not a device here", MISSING)
        return address

    def _number(self, where: str, source: Source) -> int:
        number = self._numbers.setdefault(source, len(self._numbers))
        if number >= INPUTS_MAX - self._ripple:
            raise NotForNodesError(
                where, f"more than {INPUTS_MAX} sensors and values in one calendar"
            )
        return number


def _addresses(where: str, said: object) -> list[str]:
    addresses = said.get("sensorAddresses") if isinstance(said, Mapping) else None
    texts = [str(text) for text in addresses or ()]
    if len(texts) > 2:
        raise NotForNodesError(where, "at most two sensor addresses")
    return texts


def _split(text: str) -> talq.Address | None:
    try:
        return talq.split_address(text)
    except ValueError:
        return None


def _reading(where: str, address: talq.Address, usual: str) -> Source:
    function = address.function or usual
    attribute = address.attribute or READINGS.get(function, "")
    if not attribute:
        raise NotForNodesError(where, f"{function!r} is no sensor; name its attribute")
    return Source(address.device, function, attribute)
