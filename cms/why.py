"""Why a lamp is as it is: every rule from the weakest to the strongest, and one sentence.

What the node itself said stands beside what the plan says; where they differ, both are told.
"""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from typing import Any

import msgspec

from protocol import plan

from . import assets, programs
from .assets import Device
from .site import Site

_SENTENCES = {
    "default": {
        "fr": "{lamp} est à {level} % : aucun calendrier ne lui est attribué.",
        "nl": "{lamp} staat op {level} %: er is geen kalender toegewezen.",
        "en": "{lamp} is at {level} %: no calendar is assigned to it.",
        "de": "{lamp} steht auf {level} %: kein Kalender ist zugewiesen.",
    },
    "program": {
        "fr": "{lamp} est à {level} % selon son programme, depuis {since}.",
        "nl": "{lamp} staat op {level} % volgens zijn programma, sinds {since}.",
        "en": "{lamp} is at {level} % by its program, since {since}.",
        "de": "{lamp} steht laut Programm auf {level} %, seit {since}.",
    },
    "astro": {
        "fr": "{lamp} est à {level} % : le soleil en décide, depuis {since}.",
        "nl": "{lamp} staat op {level} %: de zon bepaalt dat, sinds {since}.",
        "en": "{lamp} is at {level} %: the sun decides that, since {since}.",
        "de": "{lamp} steht auf {level} %: die Sonne entscheidet das, seit {since}.",
    },
    "override": {
        "fr": "{lamp} est à {level} % : {by} l’a demandé à {since}.",
        "nl": "{lamp} staat op {level} %: {by} heeft dat gevraagd om {since}.",
        "en": "{lamp} is at {level} %: {by} asked for that at {since}.",
        "de": "{lamp} steht auf {level} %: {by} hat das um {since} verlangt.",
    },
    "feeder_off": {
        "fr": "{lamp} est sans courant : son câble est coupé selon le plan.",
        "nl": "{lamp} heeft geen stroom: de kabel is volgens plan uitgeschakeld.",
        "en": "{lamp} has no power: its feeder is switched off by plan.",
        "de": "{lamp} ist ohne Strom: das Kabel ist nach Plan abgeschaltet.",
    },
}
_SENTENCES["calendar"] = _SENTENCES["program"]
_SENTENCES["dynamic"] = {
    "fr": "{lamp} est à {level} % : quelqu’un est là.",
    "nl": "{lamp} staat op {level} %: er is iemand.",
    "en": "{lamp} is at {level} %: somebody is there.",
    "de": "{lamp} steht auf {level} %: jemand ist da.",
}
_SENTENCES["near"] = {
    "fr": "{lamp} est à {level} % : quelqu’un approche, une voisine l’a annoncé.",
    "nl": "{lamp} staat op {level} %: er komt iemand aan, een buurlamp heeft het gemeld.",
    "en": "{lamp} is at {level} %: somebody is coming, a neighbour has told it.",
    "de": "{lamp} steht auf {level} %: jemand kommt, eine Nachbarin hat es gemeldet.",
}
_SENTENCES["floor"] = {
    "fr": "{lamp} est à {level} % : moins n’est pas permis ici.",
    "nl": "{lamp} staat op {level} %: minder is hier niet toegestaan.",
    "en": "{lamp} is at {level} %: less is not allowed here.",
    "de": "{lamp} steht auf {level} %: weniger ist hier nicht erlaubt.",
}
_SENTENCES["lowest"] = {
    "fr": "{lamp} est à {level} % : elle ne peut pas donner moins de lumière.",
    "nl": "{lamp} staat op {level} %: minder licht kan ze niet geven.",
    "en": "{lamp} is at {level} %: it cannot give less light.",
    "de": "{lamp} steht auf {level} %: weniger Licht kann sie nicht geben.",
}
_SENTENCES["relay"] = {
    "fr": "{lamp} s’allume dans un instant : son relais doit encore se reposer.",
    "nl": "{lamp} gaat zo aan: haar relais moet nog even rusten.",
    "en": "{lamp} will be lit in a moment: its relay has to rest.",
    "de": "{lamp} leuchtet gleich: ihr Relais muss noch ruhen.",
}
_SENTENCES["derated"] = {
    "fr": "{lamp} a trop chaud et réduit sa lumière depuis {since}.",
    "nl": "{lamp} is te warm en geeft minder licht sinds {since}.",
    "en": "{lamp} is too warm and gives less light since {since}.",
    "de": "{lamp} ist zu warm und gibt weniger Licht seit {since}.",
}
_SENTENCES["boot"] = {
    "fr": "{lamp} est à {level} % : son nœud vient de démarrer.",
    "nl": "{lamp} staat op {level} %: haar node is net gestart.",
    "en": "{lamp} is at {level} %: its node has just started.",
    "de": "{lamp} steht auf {level} %: ihr Knoten ist gerade gestartet.",
}
_SENTENCES["lamp_failure"] = {
    "fr": "{lamp} est en panne : {level} % sont demandés, aucune lumière n’est mesurée.",
    "nl": "{lamp} is defect: {level} % is gevraagd, er is geen licht gemeten.",
    "en": "{lamp} is broken: {level} % is asked, no light is measured.",
    "de": "{lamp} ist defekt: {level} % sind verlangt, gemessen wird kein Licht.",
}


# Rules that only the node knows of: they say more than its reason does.
_OWN_RULES = ("near", "floor", "lowest", "relay", "derated")


class _Rule(msgspec.Struct):
    """A row of a node's chain."""

    rule: str
    value: int
    since: str
    by: str | None = None


@dataclass(frozen=True)
class Followed:
    """The calendar that a lamp follows: its id and name, its table, who assigned it and when."""

    calendar_id: str | None = None
    name: str | None = None
    table: bytes | None = None
    by: str | None = None
    since_s: float | None = None


@dataclass(frozen=True)
class Asked:
    """About which lamp and instant, and all that is in force there."""

    site: Site
    asset: plan.Asset
    device: Device | None
    at_s: float
    follows: Followed
    lit: programs.Lit
    windows: list[tuple[programs.Window, str]]


def explain(asked: Asked, *, now_s: float) -> dict[str, Any]:
    """{"chain": [{rule, value, since, by}], "sentences": by language} at an instant."""
    site = asked.site
    chain = [_row(site, "default", 100, None, None)]
    follows = asked.follows
    if follows.calendar_id:
        chain.append(_row(site, "calendar", follows.name, follows.since_s, follows.by))
    point = _planned(asked)
    if follows.calendar_id:
        chain.append(
            {"rule": point["reason"], "value": point["level_percent"], "since": point["at"],
             "by": follows.name}
        )  # fmt: skip
    last = (str(point["reason"]), point["level_percent"], point["at"], "")
    for window, by in asked.windows:
        if window.starts_s <= asked.at_s < window.expires_s:
            chain.append(_row(site, "override", window.level_percent, window.starts_s, by))
            since = site.rfc3339(window.starts_s)
            last = ("override", window.level_percent, since, by)
    if not site.expected_on(asked.asset.feeder_id, asked.at_s):
        chain.append(_row(site, "feeder_off", 0, None, asked.asset.feeder_id))
        last = ("feeder_off", 0, None, asked.asset.feeder_id)
    if asked.device is not None and abs(asked.at_s - now_s) < 1.0:
        last = _reported(asked, chain, last)
    return {"at": site.rfc3339(asked.at_s), "chain": chain, "sentences": _said(asked, last)}


def _row(
    site: Site, rule: str, value: object, since_s: float | None, by: str | None
) -> dict[str, Any]:
    return {"rule": rule, "value": value, "since": site.rfc3339(since_s), "by": by}


def _planned(asked: Asked) -> dict[str, Any]:
    """The point of the lamp's preview that holds at the instant, overrides and feeder apart."""
    alone = programs.Lit(None, asked.lit.lamp_type, ())
    date = asked.site.night_date(asked.at_s)
    points = programs.preview(asked.site, asked.follows.table, date, alone)["points"]
    before = [
        p for p in points if datetime.datetime.fromisoformat(p["at"]).timestamp() <= asked.at_s
    ]
    found: dict[str, Any] = (before or points)[-1 if before else 0]
    return found


def _reported(
    asked: Asked, chain: list[dict[str, Any]], last: tuple[str, Any, Any, str]
) -> tuple[str, Any, Any, str]:
    """What the node says of itself, now."""
    device = asked.device
    assert device is not None
    code = device.value("node.reasonCode")
    effect = assets.level(device.value("lamp.feedbackLightCommand"))
    if code is None or effect is None:
        return last
    told = _told(device)
    chain += [{**row, "by": f"node {asked.asset.node_id}"} for row in told]
    chain.append(
        _row(asked.site, "reported", effect, device.reported_s(), f"node {asked.asset.node_id}")
    )
    if "lamp_failure" in device.faults:
        power_w = device.value("monitor.activePower")
        chain.append(_row(asked.site, "lamp_failure", power_w, device.reported_s(), None))
        return ("lamp_failure", effect, last[2], "")
    if told and told[-1]["rule"] in _OWN_RULES:
        return (told[-1]["rule"], effect, told[-1]["since"], "")
    if code == last[0]:
        return (last[0], effect, last[2], last[3])
    since = device.newest["node.reasonCode"][1] / 1000
    return (str(code), effect, asked.site.rfc3339(since), "")


def _told(device: Device) -> list[dict[str, Any]]:
    """The rules that the node says had a say, weakest first; none when it does not tell."""
    try:
        rows = msgspec.json.decode(device.value("node.reasonChain") or "[]", type=list[_Rule])
    except msgspec.DecodeError:
        return []  # A stranger's word of the same name.
    return [msgspec.structs.asdict(row) for row in rows]


def _said(asked: Asked, last: tuple[str, Any, Any, str]) -> dict[str, str]:
    rule, level, since, by = last
    clock = since[11:16] if since else "—"
    names = assets.names(asked.asset)
    templates = _SENTENCES.get(rule, _SENTENCES["default"])
    return {
        language: text.format(lamp=names[language], level=level, since=clock, by=by or "—")
        for language, text in templates.items()
    }
