"""What a station's readings say in TALQ's words, and how its functions are configured."""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping
from typing import Any

from protocol import plan, talq, wire

from .station_words import CAUSES, OUTPUTS, QUANTITIES, SENSOR_CAUSES
from .translate import Value

TEXT_SIZE = 16
_PAIR = struct.Struct("<Bi")
_POINTS = ("N", "NE", "E", "SE", "S", "SW", "W", "NW")
_MOST, _SINCE = ("wind", "maxWindGust"), ("wind", "maxWindGustSince")
_DAY_MS = 86_400_000
_HANDS = ("NONE", "ON", "OFF")
_BINARIES = (("dark", "photocell", "photocellOutput"), ("ripple", "ripple", "level"))
_TEXTS = tuple(f"text_{at}" for at in range(TEXT_SIZE // 4))


def read(message: wire.Readings) -> dict[str, int]:
    """Quantities by name; what we do not know is left out, and so is a torn end."""
    pairs, names = message.pairs, wire.QUANTITY_NAMES
    whole = pairs[: len(pairs) // _PAIR.size * _PAIR.size]
    return {names[code]: value for code, value in _PAIR.iter_unpack(whole) if code < len(names)}


def values(
    kind: str, readings: Mapping[str, int], command: Mapping[str, Any] | None, at_ms: int
) -> list[Value]:
    """Values of a station of a kind; command: the CMS's TALQ command that is in effect."""
    found = []
    for name, number in readings.items():
        if name in QUANTITIES:
            function, attribute, form, scale = QUANTITIES[name]
            value: object = number / scale
            if form != "Float":
                value = bool(number) if form == "Boolean" else round(number / scale)
            found.append(Value((function, attribute), form, value, at_ms, True))
            if name == "current_ma":  # A cabinet's meter has one phase.
                found.append(Value((function, "averageCurrent"), form, value, at_ms, True))
    if "wind_deg" in readings:
        word = _POINTS[round(readings["wind_deg"] / 45) % len(_POINTS)]
        found.append(Value(("wind", "windDirectionString"), "WindDirection", word, at_ms, True))
    if "chip_causes" in readings:
        said = _causes(readings["chip_causes"])
        found.append(Value(SENSOR_CAUSES, "String", said, at_ms))
    if kind == "cabinet":
        found += _cabinet(readings, command, at_ms)
    elif kind == "sign" and all(name in readings for name in _TEXTS):
        found += _sign(readings, command, at_ms)
    return found


def _causes(codes: int) -> str:
    """Why attributes have no value, as JSON; a cause that we do not know is "unknown"."""
    said: dict[str, str] = {}
    for at, attributes in enumerate(CAUSES):
        code = codes >> 4 * at & 15
        if code:
            known = code < len(wire.CAUSE_NAMES)
            said |= dict.fromkeys(attributes, wire.CAUSE_NAMES[code] if known else "unknown")
    return json.dumps(said)


def strongest(known: Mapping[tuple[str, str], Value], new: list[Value], at_ms: int) -> list[Value]:
    """The strongest gust of the last day, and since when it is counted."""
    gust = next((value for value in new if value.place == ("wind", "windGust")), None)
    if gust is None:
        return []
    most, since = known.get(_MOST), known.get(_SINCE)
    if most is None or since is None or at_ms - since.at_ms >= _DAY_MS:
        stamp = talq.timestamp_ms(at_ms)
        return [gust._replace(place=_MOST), Value(_SINCE, "DateTime", stamp, at_ms)]
    return [gust._replace(place=_MOST)] if gust.value > most.value else []


def _cabinet(
    readings: Mapping[str, int], command: Mapping[str, Any] | None, at_ms: int
) -> list[Value]:
    rows: list[tuple[str, str, str, object]] = []
    if "contactor_on" in readings:
        on = bool(readings["contactor_on"])
        rows.append(("segment", "actualState", "Binary", "ON" if on else "OFF"))
        rows.append(("contactor", "actualState", "BooleanState", switched(on)))
    if "contactor_wanted" in readings:
        state = switched(bool(readings["contactor_wanted"]))
        rows.append(("contactor", "feedbackCommand", "Command", effect(state, command)))
    for name, function, attribute in _BINARIES:
        if name in readings:
            rows.append((function, attribute, "Binary", "ON" if readings[name] else "OFF"))
    if 0 <= readings.get("hand", -1) < len(_HANDS):
        rows.append(("segment", "localOverride", "LocalOverride", _HANDS[readings["hand"]]))
    return [Value((function, name), form, value, at_ms) for function, name, form, value in rows]


def _sign(
    readings: Mapping[str, int], command: Mapping[str, Any] | None, at_ms: int
) -> list[Value]:
    words = b"".join(struct.pack(">i", readings[name]) for name in _TEXTS)
    state = shown(words.decode("latin-1").rstrip("\0 "))
    return [
        Value(("sign", "actualState"), "PositionedTextState", state, at_ms),
        Value(("sign", "feedbackCommand"), "Command", effect(state, command), at_ms),
    ]


def switched(on: bool) -> dict[str, Any]:
    """A contactor's state."""
    return {"name": "BooleanState", "value": on}


def shown(text: str) -> dict[str, Any]:
    """A sign's state."""
    return {"name": "PositionedTextState", "text": text, "posX": 0, "posY": 0, "color": "FFBF00"}


def effect(state: Mapping[str, Any], command: Mapping[str, Any] | None) -> dict[str, Any]:
    """The command in effect: this state, for the reason that there is."""
    said: dict[str, Any] = {"state": state, "reason": "override" if command else "default"}
    if command and command.get("cmsRefId"):
        said["cmsRefId"] = command["cmsRefId"]
    return said


def configuration(
    asset: plan.Asset, address: str, site: plan.Plan
) -> dict[str, dict[str, tuple[str, Any]]]:
    """What is configured of a station: function to attribute to (type, value)."""
    if asset.kind == "cabinet":
        fed = [f.id for f in site.feeders
               if f.cabinet_id == asset.cabinet_id and f.behind_contactor]  # fmt: skip
        loads = sum(a.kind == "lamp" and a.feeder_id in fed for a in site.assets)
        use = ("AttributeString", "street lighting")
        return {
            "cabinet": {
                "actuatingType": ("AttributeCabinetActuatingType", "Relay Control"),
                "applicationType": use,
            },
            "cabinetMonitor": {"applicationType": use},
            "segment": {
                "segmentReference": ("AttributeString", " ".join(fed)),
                "actuatorReference": ("AttributeString", f"{address}/{OUTPUTS['cabinet']}"),
                "numberOfLoads": ("AttributeInteger", loads),
            },
            "contactor": {
                "defaultState": ("AttributeBooleanState", switched(True)), "applicationType": use,
            },
            "ripple": {"applicationType": ("AttributeString", "ripple control")},
        }  # fmt: skip
    if asset.kind == "air":
        return {
            "gas": {
                "gasName": ("AttributeGasName", "NO2"), "gasOtherName": ("AttributeString", ""),
            },
            "gully": {"applicationType": ("AttributeString", "rain water")},
            "wind": {"applicationType": ("AttributeString", "weather")},
        }  # fmt: skip
    return {
        "sign": {
            "defaultState": ("AttributePositionedTextState", shown("")),
            "applicationType": ("AttributeString", "parking guidance"),
            "maxXCoordinate": ("AttributeInteger", TEXT_SIZE - 1),
            "maxYCoordinate": ("AttributeInteger", 0),
        }
    }
