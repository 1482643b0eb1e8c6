"""What the numbers in messages stand for."""

from .const import const

UP = const(0x55)  # "U": part of what the tag covers, so that a frame cannot be turned round.
DOWN = const(0x44)  # "D"

# Quality of the clock behind a time (`quality` fields).
TIME_NONE = const(0)
TIME_ESTIMATED = const(1)
TIME_SYNCHRONISED = const(2)
TIME_RTC = const(3)  # By the node's battery-backed clock, which the network had set before.

# Why the lamp has its level (`reason` fields). Names are those of the operator API.
REASON_NAMES = (
    "default", "calendar", "program", "astro", "dynamic", "override", "floor", "feeder_off",
    "boot",
)  # fmt: skip

# The rules of a chain (`rules` of Why): first the reasons above, then what else has a say.
# `near`: a neighbour saw somebody; `clo`: constant light output; `derated`: too warm; `relay`: it
# must stay open or closed a little longer; `lowest`: less light the lamp cannot give; `hand`: a
# cabinet's hand-switch.
RULE_NAMES = (
    "default", "calendar", "program", "astro", "dynamic", "override", "floor", "feeder_off",
    "boot", "near", "clo", "derated", "relay", "lowest", "hand",
)  # fmt: skip

# Override ranks, weakest first.
RANK_NAMES = ("ordinary", "event", "maintenance", "emergency")

# Kinds of events (`kind` of Event).
EVENT_NAMES = (
    "none", "node_started", "lamp_failure", "bay_occupied", "bay_vacant", "presence",
    "schedule_stored", "configuration_stored", "schedule_refused", "clock_set", "meter_silent",
    "detector_silent", "events_lost", "power_too_high", "supply_lost", "door_open",
    "breaker_tripped", "switching_error_on", "switching_error_off", "hand_moved", "overfull",
    "overstay", "day_burner", "lamp_cycling", "gear_failure", "dimming_failure", "power_too_low",
    "voltage_low", "voltage_high", "overheated", "detector_stuck",
)  # fmt: skip
STARTED, ENDED, INSTANT = const(1), const(0), const(2)

# What a station reads (`pairs` of Readings), units and scale last: `_dc` tenths of a degree
# Celsius, `_dhpa` tenths of a hectopascal, `_ppb` parts in 10^9, `_ddb` tenths of a decibel,
# `_dugm3` tenths of a microgram per cubic metre, `_milli` thousandths. A flag is 0 or 1; `hand`
# is 0 auto, 1 on, 2 off; text_0 to text_3 are four characters each, the first one highest. `dark`
# is what a photocell says, `twilight` the contact of a twilight switch (1 in the dark), `ripple`
# that of a ripple-control receiver (1: light).
QUANTITY_NAMES = (
    "none", "door_open", "breaker_tripped", "contactor_wanted", "contactor_on", "hand",
    "power_w", "energy_wh", "voltage_dv", "current_ma", "factor_milli", "air_temperature_dc",
    "humidity_permille", "pressure_dhpa", "gas_no2_ppb", "noise_ddb", "pm1_dugm3", "pm2_5_dugm3",
    "pm10_dugm3", "precipitation_dmmh", "wind_dms", "wind_deg", "cloud_percent",
    "visibility_m",
    "overfull", "flow_mls", "ph_milli", "turbidity_dntu", "conductivity_usm",
    "text_0", "text_1", "text_2", "text_3", "gust_dms", "gust_deg",
    "chip_causes", "dark", "twilight", "ripple",
)  # fmt: skip

# Why a chip's quantities are left out (`chip_causes`: four bits each for climate, the lowest, for
# particles and for noise). `warming`: the chip has just been switched on. `humid`, `temperature`:
# in such air particles cannot be believed; `unjudged`: nobody knows how the air is.
CAUSE_NAMES = (
    "valid", "silent", "checksum", "warming", "range", "humid", "temperature", "unjudged",
)  # fmt: skip

# What a bay detector says.
BAY_NAMES = ("unknown", "vacant", "occupied")

# Status of an acknowledged command.
ACK_DONE, ACK_EXPIRED, ACK_REFUSED, ACK_WEAKER = const(0), const(1), const(2), const(3)

# What is uploaded, and how far it is.
UPLOAD_SCHEDULE, UPLOAD_CONFIGURATION = const(1), const(2)
UPLOAD_RECEIVING, UPLOAD_STORED, UPLOAD_BAD_DIGEST, UPLOAD_BAD_CONTENT, UPLOAD_NONE = (
    const(0), const(1), const(2), const(3), const(4),
)  # fmt: skip
# The next key, password or authority, wrapped (controller_end/renewal.py). UPLOAD_PROVED: the node
# has joined by what the renewal brought, and has forgotten what it had before.
UPLOAD_RENEWAL, UPLOAD_PROVED = const(3), const(5)

# How far an update is (`status` of FirmwareState); from "form" on: why it is refused. "trial": the
# new version runs and has not yet proved itself. "busy": another one is being received.
FIRMWARE_NAMES = (
    "idle", "checking", "receiving", "ready", "trial",
    "form", "hardware", "older", "size", "signature", "content", "busy",
)  # fmt: skip

# What a Reset does: start again, without its configuration, without all that it stored.
RESTART, RESET_CONFIGURATION, RESET_ALL = const(0), const(1), const(2)

# What overrides do.
RELEASE, SET = const(0), const(1)

# The types of SetOutput and Recalibrate, for those who do not read them.
SET_OUTPUT, RECALIBRATE = const(0x4B), const(0x50)

# The types of an update's messages, for those who do not read them.
FIRMWARE_BEGIN, FIRMWARE_CHUNK = const(0x4C), const(0x4D)

# What a SetOutput asks for: off, on, or what the node does without a command.
OUTPUT_OFF, OUTPUT_ON, OUTPUT_OWN = const(0), const(1), const(2)

# Bits of LampState.faults.
FAULT_LAMP, FAULT_METER, FAULT_DIMMING = const(1), const(2), const(4)
