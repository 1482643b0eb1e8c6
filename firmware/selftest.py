"""The self-test of a node at the pole: light against the meter, sensors, network, clock, flash.

Cold, as console.py, from which it is called with the same `ask`. A generator of text: it yields ""
while a light settles, and a line for each check with what to do when it fails. The light goes by
hand meanwhile, for as long as the test may take at most, and back to its plan at the end.
"""

import json
import os

NOTHING, BACK = -1, -2
_TURNS = 30  # Three seconds: a ramp, and a meter that tells five times in two of them.
_DRIVER_TIMES = 3  # A DALI driver tells its power within six seconds while its memory is read.
_LIFE_S = 60
_LEVELS = (100, 50, 10)
# The curve of a type is held within a quarter and a watt and a half.
_OFF_MW, _SLACK_MW = 2000, 1500
_HEAP_PERCENT = 20
_FILE = "/selftest"


def run(ask, rows_of, as_json=False):
    """Yield text; the last line says whether all passed."""
    failed = []
    tests = [_flash(), _memory(rows_of(ask(NOTHING, 0)[1])), _clock(rows_of(ask(NOTHING, 0)[1]))]
    facts = ask(NOTHING, 0)[1]
    tests.append(_network(facts))
    if facts[4] == 4:
        light = _light(ask, rows_of)
        try:
            for turn in light:
                if turn:
                    tests.append(turn)
                else:
                    yield ""
        finally:
            light.close()  # MicroPython leaves it as it is when we are closed.
    tests += _sensors(ask(NOTHING, 0)[1], rows_of)
    for name, passed, what in tests:
        if passed is False:
            failed.append(name)
        yield _line(name, passed, what, as_json)
    if as_json:
        yield json.dumps({"command": "selftest", "passed": not failed, "failed": failed}) + "\n"
    else:
        yield "failed: {}\n".format(", ".join(failed)) if failed else "passed\n"


def _line(name, passed, what, as_json):
    """passed: True, False, or None where the board has no such part."""
    if as_json:
        return json.dumps({"check": name, "passed": passed, "what": what}) + "\n"
    word = "  -   " if passed is None else "  ok  " if passed else " FAIL "
    return "{}{:<12} {}\n".format(word, name, what)


def _flash():
    try:
        with open(_FILE, "wb") as file:
            file.write(b"lamp" * 16)
        with open(_FILE, "rb") as file:
            whole = file.read() == b"lamp" * 16
        os.remove(_FILE)
    except OSError as error:
        return ("flash", False, "cannot be written ({}): replace the node".format(error))
    return ("flash", whole, "written and read" if whole else "reads otherwise: replace the node")


def _memory(rows):
    total = rows["heap_total_bytes"]
    if not total:
        return ("memory", None, "not measured yet: try again in a moment")
    percent = rows["heap_free_bytes"] // (total // 100)
    return ("memory", percent >= _HEAP_PERCENT, "{} % free".format(percent))


def _clock(rows):
    if not rows["quality"]:
        return ("clock", False, "no time: let the node reach its controller, or fit its battery")
    error_s = rows["clock_error_s"]
    return ("clock", error_s < 900, "known to {} s".format(error_s))


def _network(facts):
    told = facts[10]
    if told & 4:
        return ("network", True, "joined the controller")
    if told & 2:
        return ("network", False, "broker reached, controller silent: is the node in its list?")
    if told & 1:
        return ("network", False, "no broker: check its address, its name and the password")
    return ("network", False, "no network: check antenna, access point and its password")


def _light(ask, rows_of):
    """Dim and read the meter; yields None while it waits, a check at the end of each part."""
    drawn = []
    try:
        for percent in _LEVELS:
            if ask(percent, _LIFE_S)[0] not in (0, 3):
                yield ("light", False, "the node refuses light by hand")
                return
            for _ in range(_DRIVER_TIMES):
                for _ in range(_TURNS):  # A turn of the loop each.
                    yield None
                facts = ask(NOTHING, 0)[1]
                rows = rows_of(facts)
                told = rows["level_percent"], rows["power_mw"], facts[11], rows["faults"]
                if not facts[14] or (facts[11] >= 0 and _fits(told)):
                    break
            drawn.append(told)
    finally:
        ask(BACK, 0)
    if drawn[0][3] & 2:
        yield ("meter", False, "silent: check the meter's supply and its wires")
        return
    yield ("meter", True, "{} W at full light".format(drawn[0][1] // 1000))
    yield _curve(drawn)


def _fits(told):
    """Whether the power is what the type draws at this level, where one is known."""
    _, power_mw, expected_mw, _ = told
    return expected_mw < 0 or abs(power_mw - expected_mw) <= expected_mw // 4 + _SLACK_MW


def _curve(drawn):
    """Whether the power follows the light: falling, and by the lamp type where one is known."""
    if drawn[0][0] != _LEVELS[0]:
        return ("light", None, "something stronger holds it at {} %".format(drawn[0][0]))
    if drawn[0][1] < _OFF_MW:
        return ("light", False, "no power at full light: lamp, driver or relay")
    if not drawn[0][1] > drawn[1][1] > drawn[2][1]:
        return ("light", False, "does not dim: check the dimming wires and the driver's input")
    for told in drawn:
        if not _fits(told):
            level, power_mw, expected_mw, _ = told
            what = "{} W at {} % where its type has {} W: is the lamp type right?"
            return ("light", False, what.format(power_mw // 1000, level, expected_mw // 1000))
    return ("light", True, "dims, and draws what it should")


def _driver(ended):
    """Whether the lamp is lit without this node: how the driver's commissioning has ended."""
    if ended == 1:
        return ("driver", True, "its levels after mains and without a bus are written and read")
    if ended == 2:
        return ("driver", False, "reads its levels otherwise than written: replace the driver")
    return ("driver", False, "was not heard: check the bus of the socket and the driver")


def _sensors(facts, rows_of):
    rows = rows_of(facts)
    found = []
    if facts[14]:
        found.append(_driver(facts[14][7]))
    if facts[4] == 4:
        there = rows["lux_dx"] >= 0
        what = "{} lx".format(rows["lux_dx"] // 10) if there else "none, or silent"
        found.append(("photocell", True if there else None, what))
    if facts[4] == 5:
        radar = rows["radar"]
        words = ("silent: check its wires", "sees", "covered: clean it")
        found.append(("radar", radar == 1, words[min(radar, 2)]))
        known = rows["state"] != 0
        found.append(("field", known, "calibrated" if known else "recalibrate the empty bay"))
    if rows["temperature_dc"] > -9999:
        warm_dc = rows["temperature_dc"]
        good = -400 < warm_dc < 900
        found.append(("temperature", good, "{} degC".format(warm_dc // 10)))
    return found
