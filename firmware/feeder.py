"""A feeder's switching plan: whether its contactor should be closed now, and when to ask again.

The plan is a lamp's table, read by a lamp's evaluator: any level but 0 closes. Without a known
time it is closed; a photocell stands in for a clock, and an estimated clock alone opens nothing in
the dark. A ripple-control contact is the plan's input RIPPLE. Cold: a file of its own in the image
with all that it needs, asked at most some times a minute and let go of, for it would take a tenth
of the heap.
"""

from protocol import schedule, wire

from .daylight import bright, is_dark
from .now import Now
from .readings import Readings

# What `held` has, in order (an empty one is filled): is it closed; since when (uptime) the plan
# wants it open, -1: it does not; was it dark, and when last; the plan's rules as wire.Why has
# them; inputs by number; the program whose photocells said bright, and what they said.
_CLOSED, _DOUBT_S, _DARK, _DARK_S, _RULES, _INPUTS, _PROGRAM, _CELLS = 0, 1, 2, 3, 4, 5, 6, 7

_DEFAULT = wire.RULE_NAMES.index("default")
_DYNAMIC = wire.RULE_NAMES.index("dynamic")
# It opens after so long: neither a headlight nor a bouncing contact puts a street out.
OPEN_S = 30
# Asked again: where something is listened to, and at least.
_LISTENS_S, _ASK_S = 10, 60


class _Place:
    """Where it is, in 1e-5 degrees."""

    def __init__(self, lat_e5: int, lon_e5: int) -> None:
        self.lat_e5 = lat_e5
        self.lon_e5 = lon_e5


def takes(content: bytes, zone: bytes) -> bool:
    """Whether these bytes are a plan, and those a zone."""
    try:
        schedule.Evaluator(content, 0, 0, schedule.Zone.from_bytes(zone))
    except schedule.ScheduleError:
        return False
    return True


def decide(
    content: bytes,
    place: "tuple[int, int, bytes]",
    when: "tuple[int, int, int, int, int]",
    told: "list[tuple[int, int, int]]",
    lux_dx: int,
    held: "list[object]",
) -> int:
    """Fill `held`; seconds until it is to be asked again.

    place: position in 1e-5 degrees and zone; when: day, second, quality, uptime in s, error in s;
    told: inputs by number, state and seconds of validity, the own ripple contact among them.
    """
    if not held:
        held += [1, -1, 1, 0, b"", {}, -1, b""]
    now, readings = Now(), Readings()
    now.day, now.second, now.quality, now.uptime_s, readings.clock_error_s = when
    readings.lux_dx = lux_dx
    said = _Place(place[0], place[1])
    if is_dark(lux_dx, bool(held[_DARK])):
        held[_DARK], held[_DARK_S] = 1, now.uptime_s
    else:
        held[_DARK] = 0
    light = bright(held[_DARK_S], now, readings, said)  # type: ignore[arg-type] # it is a number
    rows: "dict[int, list[int]]" = held[_INPUTS]  # type: ignore[assignment] # it is one
    inputs = schedule.Inputs(rows)
    inputs.now_s, inputs.lux_dx = now.uptime_s, lux_dx
    for number, state, valid_s in told:
        inputs.tell(number, state, valid_s)
    rules = [_DEFAULT, 100]
    percent, wait_s = 100, _LISTENS_S
    if now.quality != wire.TIME_NONE:
        try:
            percent, wait_s = _planned(content, place, now, inputs, held, rules)
        except schedule.ScheduleError:
            pass  # A plan of an earlier version: light.
        if not percent and not light and now.quality == wire.TIME_ESTIMATED:
            percent = 100
            rules += [_DYNAMIC, percent]
    elif light > 0:
        percent = 0
        rules += [_DYNAMIC, percent]
    held[_RULES] = bytes(rules)
    return _switch(percent, wait_s, now, held)


def _planned(
    content: bytes,
    place: "tuple[int, int, bytes]",
    now: Now,
    inputs: schedule.Inputs,
    held: "list[object]",
    rules: "list[int]",
) -> tuple[int, int]:
    """The percent that the plan asks for, and seconds until that may change."""
    plan = schedule.Evaluator(
        content, place[0], place[1], schedule.Zone.from_bytes(place[2]), inputs
    )
    decision = schedule.Decision()
    plan.at(now.day, now.second, -1, decision)
    if plan.recall(held[_PROGRAM], held[_CELLS]):  # type: ignore[arg-type] # so they are
        plan.at(now.day, now.second, -1, decision)
    held[_PROGRAM], held[_CELLS] = plan.cells()
    rules += [decision.plan_reason, decision.plan_percent]
    if decision.dynamic >= 0:
        rules += [_DYNAMIC, decision.level_percent]
    wait_s = (decision.until_day - now.day) * 86400 + decision.until_second - now.second
    if plan.listens:
        wait_s = min(wait_s, _LISTENS_S)
    return decision.level_percent, wait_s


def _switch(percent: int, wait_s: int, now: Now, held: "list[object]") -> int:
    """Close at once, open when it was wanted for a while; seconds until the next question."""
    wait_s = max(1, min(wait_s, _ASK_S))
    if percent:
        held[_CLOSED], held[_DOUBT_S] = 1, -1
        return wait_s
    since_s: int = held[_DOUBT_S]  # type: ignore[assignment] # it is a number
    if since_s < 0:
        since_s = held[_DOUBT_S] = now.uptime_s
    left_s = since_s + OPEN_S - now.uptime_s
    if left_s <= 0:
        held[_CLOSED] = 0
        return wait_s
    return min(wait_s, left_s)
