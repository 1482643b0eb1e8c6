"""What a log report says, sorted: values as cores use them, and events."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import msgspec
from msgspec import UNSET

from protocol import talq

from . import fleet

_EPOCH, _MILLISECOND = datetime(1970, 1, 1, tzinfo=UTC), timedelta(milliseconds=1)
_SCALARS = (float, int, str, bool)


class Said(NamedTuple):
    """A value of a report: `value` as cores use it, since when it holds, when it was told."""

    device: str
    key: str
    name: str
    value: Any
    value_ms: int
    at_ms: int


@dataclass
class Report:
    """What a log report holds, sorted."""

    logger: str
    values: list[Said] = field(default_factory=list)
    events: list[dict[str, Any]] = field(default_factory=list)

    @property
    def devices(self) -> set[str]:
        """Addresses of the devices it names."""
        return {said.device for said in self.values} | {row["device"] for row in self.events}


def sorted_report(body: Any, now_ms: int) -> Report:
    """The entries by what they are; TalqError 422 for a source that is no address.

    body: a LogReport, as structs or plain. now_ms: when it came, POSIX ms; an entry that tells no
    time of its own happened then.
    """
    if isinstance(body, dict):
        return _sorted_plain(body, now_ms)
    report = Report("" if body.address is UNSET else body.address)
    for index, entry in enumerate(() if body.entries is UNSET else body.entries):
        data = entry.data
        if data is UNSET:
            continue  # Nothing was recorded.
        address = _source(data.srcAddress, index)
        at_ms = _ms(data.timestamp)
        if data.__struct_config__.tag == "AttributeLogData":
            value = data.attributeValue
            value_ms = _ms(value.timestamp)
            at = next((x for x in (at_ms, value_ms) if x is not None), now_ms)
            report.values.append(
                Said(address.device, f"{address.function}.{data.attributeName}",
                     data.attributeName, _plain_struct(value),
                     at if value_ms is None else value_ms, at)
            )  # fmt: skip
        else:
            flag = getattr(data, "startEndFlag", UNSET)
            info = getattr(data, "info", UNSET)
            report.events.append({
                "device": address.device, "source": data.srcAddress,
                "at_ms": now_ms if at_ms is None else at_ms, "type": data.eventType,
                "flag": -1 if flag is UNSET else int(flag),
                "info": [] if info is UNSET else msgspec.to_builtins(info),
            })  # fmt: skip
    return report


def _sorted_plain(body: Mapping[str, Any], now_ms: int) -> Report:
    report = Report(str(body.get("address", "")))
    for index, entry in enumerate(body.get("entries") or ()):
        data = entry.get("data")
        if data is None:
            continue
        address = _source(data["srcAddress"], index)
        at_ms = _text_ms(data.get("timestamp"))
        if data["type"] == "AttributeLogData":
            value, name = data["attributeValue"], data["attributeName"]
            value_ms = _text_ms(value.get("timestamp"))
            at = next((x for x in (at_ms, value_ms) if x is not None), now_ms)
            report.values.append(
                Said(address.device, f"{address.function}.{name}", name, fleet.plain(value),
                     at if value_ms is None else value_ms, at)
            )  # fmt: skip
        else:
            flag = data.get("startEndFlag")
            report.events.append({
                "device": address.device, "source": data["srcAddress"],
                "at_ms": now_ms if at_ms is None else at_ms, "type": data["eventType"],
                "flag": -1 if flag is None else int(flag), "info": data.get("info") or [],
            })  # fmt: skip
    return report


def _source(text: str, index: int) -> talq.Address:
    try:
        return talq.split_address(text)
    except ValueError as error:
        where = f"entries[{index}].data.srcAddress"
        raise talq.TalqError(422, "relatedResourceNotFound", str(error), where) from error


def _text_ms(text: object) -> int | None:
    return talq.read_timestamp_ms(text) if isinstance(text, str) else None


def _ms(moment: Any) -> int | None:
    return None if moment is UNSET else (moment - _EPOCH) // _MILLISECOND


def _plain_struct(value: Any) -> Any:
    """The value of an attribute's struct, as `plain` gives it."""
    inner = getattr(value, "value", UNSET)
    if inner is UNSET:
        return None
    if isinstance(inner, _SCALARS):
        return inner
    kind = value.__struct_config__.tag
    return fleet.plain({"type": kind, "value": msgspec.to_builtins(inner)})
