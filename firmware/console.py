"""The console of field staff on a node's serial port: a line in, an answer out.

People read its answers; with `--json` in the line, programs do.

Cold: a file of its own in the image, imported at the first key and let go when nobody has typed
for a while. It takes plain data, for the linker gives the programme's names others here. The
programme's `ask(percent, seconds)` sets the light by hand (-1: asks for nothing, -2: gives it back
to the plan) and returns its status and the node as it is: a tuple of

    version, slot, trial, failed version, type and body of the channel's state, bodies of Hello,
    NodeState and NodeWear, rules of the chain, network (1 up, 2 broker, 4 joined), expected power
    in mW (-1: not known), presence, what ended the last connection

Keys are echoed; a line is at most LINE_MAX characters, what is longer is refused whole.
"""

import binascii
import json
import os
import select
import struct
import sys

from .cold import load

LINE_MAX = 80
QUIET_TURNS = 600  # A minute without a key, at ten turns a second.
BY_HAND_MIN, BY_HAND_MIN_MAX = 10, 60
NOTHING, BACK = -1, -2
# A line of the port takes 1,152 bytes a turn; and an answer is never in memory as a whole, for
# there is seldom a kilobyte in one piece.
ROWS_A_TURN = 10
_LOG = 10
_RECORD = "<BIIBBBHIHIi"  # As happenings.py writes it, and a CRC after it.
_RECORD_SIZE = struct.calcsize(_RECORD) + 4
_QUALITY = ("none", "estimated", "synchronised", "rtc")
_STATUS = ("done", "expired", "refused", "weaker")
_CAUSES = ("", "power_on", "hard_reset", "watchdog", "deep_sleep", "soft_reset")
_SELFTEST, _DALI_WORDS = "firmware.selftest", "firmware.drivers.dali_words"
# Endings of names: what a number is divided by, and its unit. One text, as the help below, takes
# a tenth of the memory that a table takes.
_UNITS = (
    " percent:1:% mw:1000:W w:1:W wh:1:Wh dv:10:V ma:1:mA dc:10:degC dx:10:lx s:1:s min:1:min "
    "bytes:1:B ppm:1:ppm nt:1000:uT permille:10:% ddb:10:dB(A) dugm3:10:ug/m3 dhpa:10:hPa "
    "ppb:1:ppb milli:1000: dbm:1:dBm "
)
HELP = (
    "status:what this node is and how it is\n"
    "why:why the light is as it is, weakest rule first\n"
    "dim PERCENT [MINUTES]:light by hand, for 10 minutes unless told (at most 60)\n"
    "auto:give the light back to its plan\n"
    "sensors:what the sensors say now\n"
    "network:radio, broker, controller\n"
    "log [COUNT]:events that are still in flash, newest last\n"
    "selftest:try light, meter, sensors, network and clock; takes some 20 s\n"
    "help:this"
)


class Wrong(Exception):
    """The line was not understood; the sentence says what was expected."""


_BROKEN = (Wrong, ValueError, IndexError, KeyError, OSError, TypeError)


def run(ask, stream=None, out=None):
    """Read keys and answer lines, a slice at each next(); it ends when nobody types.

    It yields whether anybody can: False at the end of all keys.

    stream: (read bytes without waiting), for tests; out: what takes text.
    """
    read = stream or _keys()
    said = out or sys.stdout.write
    line, quiet, work, long, data = b"", 0, None, False, b""
    while quiet < QUIET_TURNS or work:
        yield True
        quiet += 1
        if work:  # What is typed meanwhile waits.
            try:
                for _ in range(ROWS_A_TURN):
                    text = next(work)
                    said(text)
                    if not text:
                        break
            except StopIteration:
                work = None
            except _BROKEN as error:
                work = said("? {}\n".format(error))
            continue
        data = data or read()
        if data is None:
            yield False
            return
        while data and not work:
            key, data, quiet = data[0], data[1:], 0
            if key in b"\r\n":
                if long or line:
                    said("\n")
                    work = _begin(b"" if long else line, ask, said)
                line, long = b"", False
            elif key in b"\x08\x7f":
                if line:
                    line = line[:-1]
                    said("\x08 \x08")
            elif len(line) >= LINE_MAX:
                long = True
            elif 32 <= key < 127:
                line += bytes((key,))
                said(chr(key))


def _begin(line, ask, said):
    """What answers a line, as a generator of text; "" where it waits. None: it was wrong."""
    words = line.decode().split()
    as_json = "--json" in words
    words = [word for word in words if word != "--json"]
    try:
        if not words:
            raise Wrong("a line of at most {} characters".format(LINE_MAX))
        if words == ["selftest"]:
            return load(_SELFTEST).run(ask, rows_of, as_json)
        return answer(words, ask, as_json)
    except _BROKEN as error:
        said(_told({"error": str(error)}) if as_json else "? {}\n".format(error))
    return None


def answer(words, ask, as_json=False):
    """A generator of the text that answers a line's words; Wrong says what was expected."""
    name = words[0]
    if name in ("help", "?"):
        pairs = [line.split(":", 1) for line in HELP.split("\n")]
    elif name == "dim":
        pairs = _dim(words, ask)
    elif name == "auto":
        pairs = [("by_hand", _STATUS[ask(BACK, 0)[0]])]
    elif name == "log":
        pairs = _log(_whole(words[1] if len(words) > 1 else str(_LOG), 1, 2048))
    elif name in _PARTS:
        pairs = _PARTS[name](ask(NOTHING, 0)[1])
    else:
        raise Wrong("{}: a command as `help` lists them".format(name))
    return _as_json(name, pairs) if as_json else _as_lines(pairs)


def _as_lines(pairs):
    for left, right in pairs:
        yield _row(left, right)


def _as_json(name, pairs):
    """One line of JSON, as `_told` would make it of the whole."""
    before = '{{"command": "{}", "rows": ['.format(name)
    for pair in pairs:
        yield before + json.dumps(list(pair))
        before = ", "
    yield (before if before[0] == "{" else "") + "]}\n"


def rows_of(facts):
    """Bodies in a tuple of facts as one dict of field names and numbers."""
    from .words import ROWS

    found = {}
    for kind, body in ((facts[4], facts[5]), (2, facts[6]), (9, facts[7]), (15, facts[8])):
        layout, *names = ROWS[kind].split(" ")
        if len(body) < struct.calcsize(layout):
            raise Wrong("row {} has {} bytes".format(kind, len(body)))
        for name, value in zip(names, struct.unpack_from(layout, body)):
            found[name] = value
    return found


def _status(facts):
    rows = rows_of(facts)
    own = identity()
    pairs = [(name, own.get(name, "")) for name in ("node_id", "site", "kind")]
    pairs += [
        ("firmware_version", facts[0]), ("slot", facts[1]), ("trial", facts[2]),
        ("failed_version", facts[3]),
        ("configuration_digest", rows["configuration_digest"].hex()),
        ("configuration_generation", rows["configuration_generation"]),
        ("schedule_digest", rows["schedule_digest"].hex()),
        ("schedule_generation", rows["schedule_generation"]),
        ("time", time_of(rows["day"], rows["second"], rows["quality"])),
        ("time_quality", _QUALITY[rows["quality"]]),
        ("clock_error_s", rows["clock_error_s"]), ("drift_ppm", rows["drift_ppm"]),
        ("uptime_s", rows["uptime_ms"] // 1000), ("boots", rows["boot_count"]),
        ("started_by", _CAUSES[min(rows["reset_cause"], 5)]),
        ("heap_free_bytes", rows["heap_free_bytes"]),
        ("heap_total_bytes", rows["heap_total_bytes"]),
        ("joined", facts[10] >> 2), ("frames_refused", rows["refused"]),
        ("events_waiting", rows["events_waiting"]), ("events_lost", rows["events_lost"]),
    ]  # fmt: skip
    for name in ("level_percent", "burning_min", "switch_count", "confidence_percent"):
        if name in rows:
            pairs.append((name, rows[name]))
    if facts[4] == 5:
        from .words import BAYS

        pairs.append(("state", BAYS.split(" ")[rows["state"]]))
    return pairs


def _why(facts):
    from .words import REASONS, RULES

    if facts[4] != 4:
        raise Wrong("only lamps have a chain of rules")
    rows = rows_of(facts)
    rules, names = facts[9], RULES.split(" ")
    pairs = [(names[rules[at]], rules[at + 1]) for at in range(0, len(rules), 2)]
    return pairs + [
        ("reason", REASONS.split(" ")[rows["reason"]]),
        ("target_percent", rows["target_percent"]), ("level_percent", rows["level_percent"]),
    ]  # fmt: skip


def _sensors(facts):
    if facts[4] == 10:
        return station(facts[5])
    rows = rows_of(facts)
    pairs = [("presence", facts[12])] if facts[4] == 4 else []
    for name in ("power_mw", "energy_wh", "voltage_dv", "lux_dx", "dark", "radar", "far_nt"):
        if name in rows:
            pairs.append((name, rows[name] if rows[name] >= 0 else None))
    warm_dc = rows["temperature_dc"]
    pairs.append(("temperature_dc", warm_dc if warm_dc > -9999 else None))
    if facts[11] >= 0:
        pairs.append(("expected_power_mw", facts[11]))
    return pairs + _gear()


def _gear():
    """What a DALI driver said of itself and of its luminaire (drivers/dali_words.py)."""
    try:
        with open("/dali.told", "rb") as file:
            content = file.read()
    except OSError:
        return []
    return load(_DALI_WORDS).meaning(content)


def station(body):
    """What a station reads, from the pairs in its state."""
    from .words import QUANTITIES

    names = QUANTITIES.split(" ")
    found = []
    for at in range(9, len(body) - 4, 5):
        code, value = struct.unpack_from("<Bi", body, at)
        found.append((names[code], value))
    return found


def _network(facts):
    own = identity()
    told = facts[10]
    pairs = [
        ("network", told & 1), ("broker", "{}:{}".format(*own.get("broker", ("", ""))[:2])),
        ("broker_connected", told >> 1 & 1), ("joined", told >> 2),
    ]  # fmt: skip
    try:
        import network

        wlan = network.WLAN(network.WLAN.IF_STA)
        pairs.append(("signal_dbm", wlan.status("rssi")))
        pairs.append(("address", wlan.ifconfig()[0]))
    except (ImportError, AttributeError, OSError, ValueError):
        pass  # A board without radio, or one whose radio is off.
    pairs.append(("frames_refused", rows_of(facts)["refused"]))
    pairs.append(("last_trouble", facts[13].strip()))
    return pairs


_PARTS = {"status": _status, "why": _why, "sensors": _sensors, "network": _network}


def _dim(words, ask):
    if len(words) not in (2, 3):
        raise Wrong("dim PERCENT [MINUTES]")
    percent = _whole(words[1], 0, 100)
    minutes = _whole(words[2], 1, BY_HAND_MIN_MAX) if len(words) == 3 else BY_HAND_MIN
    status = ask(percent, minutes * 60)[0]
    return [("by_hand", _STATUS[status]), ("level_percent", percent), ("for_min", minutes)]


def _log(count):
    """The newest events in flash; the log removes what the controller has."""
    try:
        found = sorted([int(name) for name in os.listdir("/events") if name.isdigit()])
        files = ["/events/{}".format(number) for number in found]
        sizes = [os.stat(file)[6] // _RECORD_SIZE for file in files]
    except OSError:
        return
    older = max(0, sum(sizes) - count)
    for file, size in zip(files, sizes):
        for number in range(older, size):
            try:
                with open(file, "rb") as ring:
                    ring.seek(number * _RECORD_SIZE)
                    line = ring.read(_RECORD_SIZE)
            except OSError:
                break  # The controller has its events meanwhile.
            if line and binascii.crc32(line[:-4]) == int.from_bytes(line[-4:], "little"):
                yield _happened(struct.unpack_from(_RECORD, line))
        older = max(0, older - size)


def _happened(record):
    """When, and what, of an event as it lies in flash."""
    from .words import EVENTS

    names = EVENTS.split(" ")
    what = names[record[3]] if record[3] < len(names) else str(record[3])
    turn = ("ended", "begun", "")[record[4]] if record[4] < 3 else ""
    when = time_of(record[6], record[7], record[5]) or "{} s after boot {}".format(
        record[9] // 1000, record[1]
    )
    return when, "{} {} {}".format(what, turn, record[10])


def identity():
    """What was written at provisioning; {} without. Its keys are never shown."""
    try:
        with open("/identity.json") as file:
            return json.load(file)
    except (OSError, ValueError):
        return {}


def time_of(day, second, quality):
    """A civil time (days from 2000-01-01, UTC) as text; "" while there is no clock.

    The calendar's arithmetic: Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms".
    """
    if not quality:
        return ""
    era, of_era = divmod(day + 730425, 146097)  # Days from 0000-03-01.
    year = (of_era - of_era // 1460 + of_era // 36524 - of_era // 146096) // 365
    of_year = of_era - (365 * year + year // 4 - year // 100)
    month = (5 * of_year + 2) // 153
    date = of_year - (153 * month + 2) // 5 + 1
    month = month + 3 if month < 10 else month - 9
    year += era * 400 + (1 if month <= 2 else 0)
    return "{:04d}-{:02d}-{:02d}T{:02d}:{:02d}:{:02d}Z".format(
        year, month, date, second // 3600, second // 60 % 60, second % 60
    )


def _whole(word, lowest, highest):
    if not word.isdigit() or len(word) > 5 or not lowest <= int(word) <= highest:
        raise Wrong("{}: a whole number from {} to {}".format(word, lowest, highest))
    return int(word)


def _row(name, value):
    """A line for people: the unit at the end of a name becomes one."""
    ending = name.split("_")[-1]
    at = _UNITS.find(" {}:".format(ending))
    if at >= 0 and isinstance(value, int) and not isinstance(value, bool):
        _, part, unit = _UNITS[at + 1 : _UNITS.index(" ", at + 1)].split(":")
        part = int(part)
        name = name[: -len(ending) - 1]
        sign, value = ("-" if value < 0 else ""), abs(value)
        text = str(value // part)
        if part > 1:
            text += ".{}".format(value % part * 10 // part)
        value = "{}{} {}".format(sign, text, unit)
    return "  {:<26} {}\n".format(name.replace("_", " "), "silent" if value is None else value)


def _told(said):
    return json.dumps(said) + "\n"


def _keys():
    """What reads the keys that were pressed, without waiting; None when nobody can type."""
    poller = select.poll()
    poller.register(sys.stdin, select.POLLIN)

    def read():
        found = b""
        while len(found) < LINE_MAX:
            pressed = False
            for _, flags in poller.ipoll(0):
                if not flags & select.POLLIN:
                    return None
                pressed = True
            if not pressed:
                break
            key = sys.stdin.buffer.read(1)
            if not key:
                return None
            found += key
        return found

    return read
