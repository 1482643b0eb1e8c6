"""The nodes' pages as the world sees them: a table of numbers, one row a node."""

from __future__ import annotations

import mmap
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from .board import layout

_WORDS = layout.PAGE_SIZE // 4


class Pages:
    """Columns of the mapped file; assigning to one is seen by the nodes at once."""

    def __init__(self, path: Path, count: int) -> None:
        size = max(1, count) * layout.PAGE_SIZE
        if not path.exists() or path.stat().st_size != size:
            path.write_bytes(bytes(size))
        with path.open("r+b") as file:
            self._map = mmap.mmap(file.fileno(), size)
        table = np.frombuffer(self._map, dtype="<u4").reshape(-1, _WORDS)
        signed = np.frombuffer(self._map, dtype="<i4").reshape(-1, _WORDS)

        def column(offset: int) -> NDArray[np.uint32]:
            return table[:, offset // 4]

        self.duty = column(layout.DUTY)
        self.driven = column(layout.DRIVEN)
        self.relay = column(layout.RELAY)
        self.rtc_set = column(layout.RTC_SET)
        self.boots = column(layout.BOOTS)
        self.feeds = column(layout.FEEDS)
        self.power_mw = column(layout.POWER_MW)
        self.voltage_dv = column(layout.VOLTAGE_DV)
        self.pulses = column(layout.PULSES)
        self.meter = column(layout.METER)
        self.presence = column(layout.PRESENCE)
        self.link = column(layout.LINK)
        self.lux_x10 = column(layout.LUX_X10)
        self.modules = column(layout.MODULES)
        self.echo_mm = column(layout.ECHO_MM)
        self.gear_arc = column(layout.GEAR_ARC)
        self.gear_levels = column(layout.GEAR_LEVELS)
        self.gear_status = column(layout.GEAR_STATUS)
        self.gear_world = column(layout.GEAR_WORLD)
        self.gear_input = column(layout.GEAR_INPUT)
        self.gear_on_s = column(layout.GEAR_ON_S)
        self.gear_starts = column(layout.GEAR_STARTS)
        self.light_on_s = column(layout.LIGHT_ON_S)
        self.light_starts = column(layout.LIGHT_STARTS)
        self.rtc_off_s = signed[:, layout.RTC_OFF_S // 4]
        self.echo_db = signed[:, layout.ECHO_DB // 4]
        self.cut_writes = column(layout.CUT_WRITES)
        self.cut_bytes = column(layout.CUT_BYTES)
        first = layout.REGISTERS // 4
        self.registers = table[:, first : first + layout.REGISTER_COUNT // 2]
        first = layout.FIELD_X // 4
        self.field = signed[:, first : first + 3]
