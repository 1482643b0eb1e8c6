"""The message table: every message that crosses between node and controller. Read this first.

A row is a small class. FIELDS names the fields of its body in order, KINDS has one letter for each
that says how it is packed and what it may be (the table in message.py), TAIL names one variable
part (a 16-bit length and that many bytes). Fields are only ever appended: a reader skips what it
does not know, and refuses a body shorter than the row.

Units are in the names: `_mw` milliwatts, `_wh` watt-hours, `_dv` tenths of a volt, `_ds` tenths of
a second, `day` days since 2000-01-01 (UTC), `second` the second of that day (UTC). Types below
0x40 go up (node to controller) and stand here; from 0x40 on they go down (commands.py).
"""

from .commands import COMMANDS
from .message import Message, register


class JoinRequest(Message):
    """Node: I am here. Tagged with the node key. The answer must carry `nonce`."""

    TYPE = 0x01
    KINDS = "nIBB"
    FIELDS = ("nonce", "boot_count", "wire_version", "board")
    nonce: bytes
    boot_count: int
    wire_version: int
    board: int


class Hello(Message):
    """Node, first under the new session key: what I am and what I hold."""

    TYPE = 0x02
    KINDS = "IIBBBBnnIII"
    FIELDS = (
        "boot_count", "uptime_ms", "wire_version", "schedule_version", "configuration_version",
        "channels", "schedule_digest", "configuration_digest", "schedule_generation",
        "configuration_generation", "firmware_version",
    )  # fmt: skip
    boot_count: int
    uptime_ms: int
    wire_version: int
    schedule_version: int
    configuration_version: int
    channels: int
    schedule_digest: bytes
    configuration_digest: bytes
    schedule_generation: int
    configuration_generation: int
    firmware_version: int


class TimeAsk(Message):
    """Node: what time is it? The answer must carry `nonce`."""

    TYPE = 0x03
    KINDS = "n"
    FIELDS = ("nonce",)
    nonce: bytes


class LampState(Message):
    """Node: the lamp now. `target` is asked, `level` in effect, `power` measured.

    `lux_dx` is the light at its photocell in tenths of a lux, -1 without one; `dark` its output.
    """

    TYPE = 0x04
    KINDS = "HskpprBIIHBIHia"
    FIELDS = (
        "day", "second", "quality", "level_percent", "target_percent", "reason", "faults",
        "power_mw", "energy_wh", "voltage_dv", "presence", "burning_min", "override_id",
        "lux_dx", "dark",
    )  # fmt: skip
    day: int
    second: int
    quality: int
    level_percent: int
    target_percent: int
    reason: int
    faults: int
    power_mw: int
    energy_wh: int
    voltage_dv: int
    presence: int
    burning_min: int
    override_id: int
    lux_dx: int
    dark: int


class BayState(Message):
    """Node: the bay now, since when, and how sure (percent).

    `stay_min` is how long its state has lasted, `overstayed` 1 when that is too long; `radar` is 0
    silent, 1 sees, 2 covered. `far_nt`: how far the field is from the empty bay's, -1: not known.
    """

    TYPE = 0x05
    KINDS = "HsktpHsaHtii"
    FIELDS = (
        "day", "second", "quality", "state", "confidence_percent", "since_day", "since_second",
        "overstayed", "stay_min", "radar", "far_nt", "temperature_dc",
    )  # fmt: skip
    day: int
    second: int
    quality: int
    state: int
    confidence_percent: int
    since_day: int
    since_second: int
    overstayed: int
    stay_min: int
    radar: int
    far_nt: int
    temperature_dc: int


class Event(Message):
    """Node: something happened. (node, boot_count, number) names it for ever.

    With quality 0 the time is not known: `uptime_ms` in that boot tells it later.
    """

    TYPE = 0x06
    KINDS = "IIBtkHsmIi"
    FIELDS = (
        "boot_count", "number", "kind", "started", "quality", "day", "second", "millis",
        "uptime_ms", "value",
    )  # fmt: skip
    boot_count: int
    number: int
    kind: int
    started: int
    quality: int
    day: int
    second: int
    millis: int
    uptime_ms: int
    value: int


class Ack(Message):
    """Node: command `command_id` was handled; status is one of ACK_…"""

    TYPE = 0x07
    KINDS = "IB"
    FIELDS = ("command_id", "status")
    command_id: int
    status: int


class UploadState(Message):
    """Node: of upload (kind, generation) I have the first `have_bytes`; status is UPLOAD_…"""

    TYPE = 0x08
    KINDS = "BIHB"
    FIELDS = ("kind", "generation", "have_bytes", "status")
    kind: int
    generation: int
    have_bytes: int
    status: int


class NodeState(Message):
    """Node: its own health. `refused` counts frames refused since boot, by any reason."""

    TYPE = 0x09
    KINDS = "HskIIIHHHBI"
    FIELDS = (
        "day", "second", "quality", "uptime_ms", "heap_free_bytes", "heap_total_bytes",
        "refused", "events_waiting", "events_lost", "reset_cause", "boot_count",
    )  # fmt: skip
    day: int
    second: int
    quality: int
    uptime_ms: int
    heap_free_bytes: int
    heap_total_bytes: int
    refused: int
    events_waiting: int
    events_lost: int
    reset_cause: int
    boot_count: int


class NodeWear(Message):
    """Node, with NodeState: how it ages and how good its clock is.

    The clock may be wrong by `clock_error_s` (65535: there is none) and is corrected by
    `drift_ppm`. The temperature in tenths of a degree is -9999 where none is measured.
    """

    TYPE = 0x0F
    KINDS = "HiiI"
    FIELDS = ("clock_error_s", "drift_ppm", "temperature_dc", "switch_count")
    clock_error_s: int
    drift_ppm: int
    temperature_dc: int
    switch_count: int


class Readings(Message):
    """Node: a station's inputs and modules now.

    `pairs` holds 5 bytes for each quantity: its code (place in QUANTITY_NAMES) and a signed 32-bit
    number in the quantity's unit. What a module does not tell is left out.
    """

    TYPE = 0x0A
    KINDS = "Hsk"
    FIELDS = ("day", "second", "quality")
    TAIL = "pairs"
    day: int
    second: int
    quality: int
    pairs: bytes


class Why(Message):
    """Node: what made its level, weakest rule first.

    `rules` holds 2 bytes for each rule that had a say: its place in RULE_NAMES and the percent
    that it left; the last one is what the lamp gives. `override_id` is 0 without an override.
    """

    TYPE = 0x0D
    KINDS = "HskI"
    FIELDS = ("day", "second", "quality", "override_id")
    TAIL = "rules"
    day: int
    second: int
    quality: int
    override_id: int
    rules: bytes


class Near(Message):
    """Node to its neighbours, under the group's key: somebody walks here.

    `sender` is the node's id and the lamp's place in its row (big endian); `boot_count` and
    `number` rise, so that what was heard once is not taken again. A hint raises light for at most
    what the hearer's configuration says.
    """

    TYPE = 0x0E
    KINDS = "nIIf"
    FIELDS = ("sender", "boot_count", "number", "hold_s")
    sender: bytes
    boot_count: int
    number: int
    hold_s: int


class FirmwareState(Message):
    """Node: what it runs and from which slot, and how far the update to `version` is.

    `status` is the place in FIRMWARE_NAMES; `failed_version` went back by itself, 0: none did.
    """

    TYPE = 0x0B
    KINDS = "IIIBBI"
    FIELDS = (
        "running_version", "version", "have_bytes", "status", "slot", "failed_version",
    )  # fmt: skip
    running_version: int
    version: int
    have_bytes: int
    status: int
    slot: int
    failed_version: int


class DriverData(Message):
    """Node: what the lamp's DALI driver holds of itself and of its luminaire, read just now.

    `banks` holds memory banks as DiiA parts 251 to 253 lay them out: for each part its bank, its
    first place, how many bytes, and those (driver.py knows what they mean).
    """

    TYPE = 0x10
    KINDS = "Hsk"
    FIELDS = ("day", "second", "quality")
    TAIL = "banks"
    day: int
    second: int
    quality: int
    banks: bytes


REPORTS = (
    JoinRequest, Hello, TimeAsk, LampState, BayState, Event, Ack, UploadState, NodeState, NodeWear,
    Readings, Why, Near, FirmwareState, DriverData,
)  # fmt: skip

register(*REPORTS)

# Every message, by direction and in the order of the table.
MESSAGES = REPORTS + COMMANDS
