"""Outputs of stations: contactors and signs, by a command of a CMS or by themselves.

A node holds an output for HOLD_S and is told anew well before, so that a controller that is gone
leaves no street dark and no old number on a sign. Without a command a contactor is closed, and a
sign shows how many bays are free. The newest command is in effect, whatever its rank.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from protocol import talq, wire

from .devices import Device
from .effects import Effects, Now
from .station_words import OUTPUTS
from .stations import TEXT_SIZE
from .translate import Value

KIND = "outputs"  # As the store calls them.
HOLD_S = 900
RENEW_S = 300
_COUNT_MS = 1000  # Free bays are counted anew so often: a city has thousands.


@dataclass
class Order:
    """A command for an output; `text` is a sign's, times in POSIX seconds (0.0: none)."""

    on: bool
    text: str
    starts_s: float
    expires_s: float
    command: dict[str, Any]
    cms: str
    origin: str

    def holds(self, now_s: float) -> bool:
        """Whether it is in effect."""
        return self.starts_s <= now_s and (not self.expires_s or now_s < self.expires_s)


@dataclass
class _Said:
    """What the node was told last; `done` when it has acknowledged it."""

    state: int
    text: bytes
    at_s: float
    command_id: int
    done: bool = False


class Outputs:
    """The outputs of all stations; `free` counts free bays."""

    def __init__(
        self, devices: Mapping[str, Device], effects: Effects, free: Callable[[], int]
    ) -> None:
        self.orders: dict[str, Order] = {}
        self._devices = devices
        self._effects = effects
        self._free = free
        self._said: dict[str, _Said] = {}
        self._counted_ms = -1
        self._vacant = 0

    def judge(self, device: Device, command: Mapping[str, Any]) -> tuple[bool, str]:
        """(on, text) of a command. ValueError says what the output cannot do."""
        state = command.get("state") or {}
        value, text = state.get("value"), state.get("text")
        if device.asset.kind == "sign":
            if text is None and state.get("name") == "TextState":
                text = value
            if not isinstance(text, str):
                raise ValueError("a sign takes a TextState or a PositionedTextState")
            if len(text) > TEXT_SIZE or not _latin(text):
                raise ValueError(f"a sign shows {TEXT_SIZE} characters of ISO 8859-1")
            return True, text
        if isinstance(value, bool | int | float):
            return bool(value), ""
        raise ValueError("a contactor takes a BooleanState or a LevelState")

    def order(self, device: Device, order: Order, now: Now) -> None:
        """Take a judged command; it is on disk before the node hears of it."""
        self.orders[device.address] = order
        self._effects.store(
            "resource", order.cms, KIND, device.address, talq.encode(asdict(order))
        )
        self._told_target(device, order.command, now)
        self.look(device, now)

    def release(self, device: Device, cms: str, ref: object, now: Now) -> None:
        """End the command that this CMS gave, if it has that reference or none is named."""
        order = self.orders.get(device.address)
        if order is None or order.cms != cms or (ref and order.command.get("cmsRefId") != ref):
            return
        self._end(device, order, now)
        self.look(device, now)

    def _end(self, device: Device, order: Order, now: Now) -> None:
        del self.orders[device.address]
        self._effects.store("resource_gone", order.cms, KIND, device.address)
        state = self._default(device)
        self._told_target(device, {"state": state, "reason": "default"}, now)

    def _default(self, device: Device) -> dict[str, Any]:
        if device.asset.kind == "sign":
            return {"name": "PositionedTextState", "text": "", "posX": 0, "posY": 0, "color": ""}
        return {"name": "BooleanState", "value": True}

    def _told_target(self, device: Device, command: Mapping[str, Any], now: Now) -> None:
        place = (OUTPUTS[device.asset.kind], "targetCommand")
        device.keep([Value(place, "Command", dict(command), int(now.domain_s * 1000))])

    def restore(self, address: str, kept: Mapping[str, Any]) -> None:
        """From the store."""
        self.orders[address] = Order(**kept)

    def command(self, device: Device, now_s: float) -> dict[str, Any] | None:
        """The command of a CMS that is in effect."""
        order = self.orders.get(device.address)
        return order.command if order is not None and order.holds(now_s) else None

    def greeted(self, device: Device, now: Now) -> None:
        """The node has joined: it knows of no output."""
        self._said.pop(device.address, None)
        if device.asset.kind in OUTPUTS:
            place = (OUTPUTS[device.asset.kind], "targetCommand")
            if place not in device.values:
                self._told_target(
                    device, {"state": self._default(device), "reason": "default"}, now
                )
            self.look(device, now)

    def look(self, device: Device, now: Now) -> None:
        """Say what the output should be, when it is something else or long ago."""
        self._count(now)
        order = self.orders.get(device.address)
        if order is not None and order.expires_s and now.domain_s >= order.expires_s:
            self._end(device, order, now)
            order = None
        state, text = self._wanted(device, order, now.domain_s)
        said = self._said.get(device.address)
        if said is not None and (said.state, said.text) == (state, text):
            fresh = 0 <= now.domain_s - said.at_s < RENEW_S
            if fresh or not said.done:
                return
        if said is not None:
            device.node.drop(said.command_id)
        message = wire.SetOutput(
            device.asset.channel, state=state, text=text,
            life_s=0 if state == wire.OUTPUT_OWN else self._life_s(order, now.domain_s),
        )  # fmt: skip
        command_id = device.node.command(message, now)
        if command_id:
            self._said[device.address] = _Said(state, text, now.domain_s, command_id)

    def _count(self, now: Now) -> None:
        gone_ms = wire.ticks_after(now.tick_ms, self._counted_ms)
        if self._counted_ms < 0 or gone_ms >= _COUNT_MS:
            self._counted_ms = now.tick_ms
            self._vacant = self._free()

    def _wanted(self, device: Device, order: Order | None, now_s: float) -> tuple[int, bytes]:
        if order is not None and order.holds(now_s):
            state = wire.OUTPUT_ON if order.on else wire.OUTPUT_OFF
            return state, order.text.encode("latin-1")
        if device.asset.kind == "sign":
            return wire.OUTPUT_ON, f"P {self._vacant}".encode()
        return wire.OUTPUT_OWN, b""

    def _life_s(self, order: Order | None, now_s: float) -> int:
        if order is None or not order.expires_s or not order.holds(now_s):
            return HOLD_S
        return max(1, min(HOLD_S, int(order.expires_s - now_s)))

    def acknowledged(self, device: Device, command_id: int) -> None:
        """The node has done it: the CMS that ordered it is told, once."""
        said = self._said.get(device.address)
        if said is None or said.command_id != command_id:
            return
        said.done = True
        order = self.orders.get(device.address)
        if order is not None and order.origin and said.state != wire.OUTPUT_OWN:
            self._effects.patches.append((order.cms, order.origin, device.address))
            order.origin = ""

    def tick(self, devices: list[Device], now: Now) -> None:
        """For the devices of one node, about ten times a second."""
        for device in devices:
            if device.asset.kind in OUTPUTS:
                self.look(device, now)


def _latin(text: str) -> bool:
    try:
        text.encode("latin-1")
    except UnicodeEncodeError:
        return False
    return text.isprintable()
