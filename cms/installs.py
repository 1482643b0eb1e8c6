"""What crews say that they hung where, judged: heard, not heard, suspected swap, duplicate label.

A crew takes any box from the van and pairs it with a pole by two scans. A pairing tells that node
and pole belong together; which asset a node speaks for stands in the plan. Pure: no I/O, no clock.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass

HEARD, NOT_HEARD, SWAP, DUPLICATE = "heard", "not_heard", "swap", "duplicate"
STATES = (HEARD, NOT_HEARD, SWAP, DUPLICATE)


@dataclass(frozen=True)
class Pairing:
    """Two scans: a box, by its node, and a pole, by its asset. POSIX ms of the crew's clock."""

    id: str
    node_id: str
    asset_id: str
    at_ms: int
    by: str
    lat: float | None = None
    lon: float | None = None


@dataclass(frozen=True)
class Install:
    """A pairing that still stands.

    `others`: of a duplicate the other poles with this label; of a swap the asset that the plan has
    the node as, and the node that it has at this pole.
    """

    pairing: Pairing
    state: str
    others: tuple[str, ...] = ()


def standing(pairings: Iterable[Pairing]) -> list[Pairing]:
    """The newest pairing of each pole, in the order of their times."""
    newest: dict[str, Pairing] = {}
    for one in sorted(pairings, key=lambda p: (p.at_ms, p.id)):
        newest[one.asset_id] = one
    return sorted(newest.values(), key=lambda p: (p.at_ms, p.id))


def judged(
    pairings: Collection[Pairing],
    planned: Mapping[str, str],
    heard: Callable[[Pairing], bool],
) -> list[Install]:
    """Each pole's newest pairing. planned: the node of each asset; heard: since it was paired."""
    stand = standing(pairings)
    poles: dict[str, list[str]] = {}
    for one in stand:
        poles.setdefault(one.node_id, []).append(one.asset_id)
    made_for: dict[str, list[str]] = {}  # A node may have two channels.
    for asset_id, node_id in planned.items():
        made_for.setdefault(node_id, []).append(asset_id)
    found = []
    for one in stand:
        twins = tuple(name for name in poles[one.node_id] if name != one.asset_id)
        meant = made_for.get(one.node_id, [])
        if twins:
            found.append(Install(one, DUPLICATE, twins))
        elif meant and one.asset_id not in meant:
            there = planned.get(one.asset_id)
            found.append(Install(one, SWAP, (meant[0], there) if there else (meant[0],)))
        else:
            found.append(Install(one, HEARD if heard(one) else NOT_HEARD))
    return found
