"""Ten bugs that somebody could make: core, module, what stands there, what would stand there.

docs/planted-bugs.md lists them in words; test_schedules.py proves that each is found.
"""

PLANTED = (
    ("lamp", "firmware.lamp",
     "        if said is not None and 0 < target < said.floor_percent:",
     "        if said is not None and held is None and 0 < target < said.floor_percent:"),
    ("lamp", "firmware.lamp",
     "        for rank in range(_RANKS - 1, -1, -1):",
     "        for rank in range(_RANKS):"),
    ("lamp", "firmware.lamp",
     "        if 0 < target < near_percent:",
     "        if target and near_percent:"),
    ("lamp", "firmware.lamp",
     "        if self._plan is not None and now.quality != wire.TIME_NONE:",
     "        if self._plan is not None:"),
    ("lamp", "firmware.lamp",
     "            elif not self.closed:\n",
     "            elif not self.closed and self.level_c:\n"),
    ("lamp", "firmware.lamp_channel",
     "                output_c = output_c * max(_DERATED_PERCENT, 100 - warmer_dc // 5) // 100",
     "                output_c = output_c * (100 - warmer_dc // 5) // 100"),
    ("events", "firmware.happenings",
     "WINDOW = 1\n",
     "WINDOW = 3\n"),
    ("events", "firmware.happenings",
     "        self._retry.all_at_once()",
     "        self._retry.clear()"),
    ("time", "firmware.timekeeper",
     "        if not self._lived and now.uptime_s >= _LIVED_S",
     "        if now.uptime_s >= _LIVED_S - 10000"),
    ("bay", "firmware.parking",
     "        known = self._field_s >= 0 and now.uptime_s - self._field_s < SILENT_S",
     "        known = self._field_s >= 0"),
)  # fmt: skip
