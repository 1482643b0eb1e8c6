"""What the numbers in messages stand for."""

from .const import const

UP = const(0x55)  # "U": part of what the tag covers, so that a frame cannot be turned round.
DOWN = const(0x44)  # "D"

# Quality of the clock behind a time (`quality` fields).
TIME_NONE = const(0)
TIME_ESTIMATED = const(1)
TIME_SYNCHRONISED = const(2)

# Why the lamp has its level (`reason` fields). Names are those of the operator API.
REASON_NAMES = (
    "default", "calendar", "program", "astro", "dynamic", "override", "floor", "feeder_off",
    "boot",
)  # fmt: skip

# Override ranks, weakest first.
RANK_NAMES = ("ordinary", "event", "maintenance", "emergency")

# Kinds of events (`kind` of Event).
EVENT_NAMES = (
    "none", "node_started", "lamp_failure", "bay_occupied", "bay_vacant", "presence",
    "schedule_stored", "configuration_stored", "schedule_refused", "clock_set", "meter_silent",
    "detector_silent", "events_lost", "power_too_high", "supply_lost",
)  # fmt: skip
STARTED, ENDED, INSTANT = const(1), const(0), const(2)

# What a bay detector says.
BAY_NAMES = ("unknown", "vacant", "occupied")

# Status of an acknowledged command.
ACK_DONE, ACK_EXPIRED, ACK_REFUSED, ACK_WEAKER = const(0), const(1), const(2), const(3)

# What is uploaded, and how far it is.
UPLOAD_SCHEDULE, UPLOAD_CONFIGURATION = const(1), const(2)
UPLOAD_RECEIVING, UPLOAD_STORED, UPLOAD_BAD_DIGEST, UPLOAD_BAD_CONTENT, UPLOAD_NONE = (
    const(0), const(1), const(2), const(3), const(4),
)  # fmt: skip

# What a Reset does: start again, without its configuration, without all that it stored.
RESTART, RESET_CONFIGURATION, RESET_ALL = const(0), const(1), const(2)

# What overrides do.
RELEASE, SET = const(0), const(1)

# Bits of LampState.faults.
FAULT_LAMP, FAULT_METER, FAULT_DIMMING = const(1), const(2), const(4)
