"""Where this node's page and the clock's page lie in memory; the zygote passes the addresses."""

import sys

import uctypes

from layout import (
    BOOTS, CLOCK_GENERATION, CLOCK_MONOTONIC_NS, CLOCK_SIMULATED_NS, CLOCK_SPEED_1000, DRIVEN,
    DUTY, FEEDS, FIELD_X, FIELD_Y, FIELD_Z, LINK, METER, POWER_MW, PRESENCE, PULSES, VOLTAGE_DV,
)  # fmt: skip

page = uctypes.struct(
    int(sys.argv[3]),
    {
        "duty": uctypes.UINT32 | DUTY,
        "driven": uctypes.UINT32 | DRIVEN,
        "boots": uctypes.UINT32 | BOOTS,
        "feeds": uctypes.UINT32 | FEEDS,
        "power_mw": uctypes.UINT32 | POWER_MW,
        "voltage_dv": uctypes.UINT32 | VOLTAGE_DV,
        "pulses": uctypes.UINT32 | PULSES,
        "meter": uctypes.UINT32 | METER,
        "presence": uctypes.UINT32 | PRESENCE,
        "field_x": uctypes.INT32 | FIELD_X,
        "field_y": uctypes.INT32 | FIELD_Y,
        "field_z": uctypes.INT32 | FIELD_Z,
        "link": uctypes.UINT32 | LINK,
    },
    uctypes.NATIVE,
)
clock = uctypes.struct(
    int(sys.argv[4]),
    {
        "generation": uctypes.UINT32 | CLOCK_GENERATION,
        "monotonic_ns": uctypes.INT64 | CLOCK_MONOTONIC_NS,
        "simulated_ns": uctypes.INT64 | CLOCK_SIMULATED_NS,
        "speed_1000": uctypes.INT32 | CLOCK_SPEED_1000,
    },
    uctypes.NATIVE,
)
