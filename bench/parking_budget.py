"""A battery's life from the detector's duty cycle: `python -m bench.parking_budget`.

Where each number comes from is said in docs/parking.md; those that are assumed are marked there.
"""

from __future__ import annotations

from dataclasses import dataclass

from firmware import duty

# Microamperes.
COMPASS_UA = 250.0
RADAR_STANDBY_UA = 5.0
# Microampere-seconds: a radar measurement; coming up, joining, telling and going down again.
ECHO_UAS = 270.0
TALK_UAS = 330_000.0
SAMPLE_S = 0.010  # Awake for a sample and the detector's look at it.
TALKS_PER_DAY = 24 + 24  # A heartbeat each hour, and twelve cars that come and go.
BATTERY_MAH = 2 * 19_000.0  # Two lithium thionyl chloride cells of size D.
USABLE_PART = 0.8  # After cold, ageing and self-discharge.
_DAY_S = 86_400.0
_YEAR_H = 8766.0


@dataclass(frozen=True)
class Budget:
    """Mean currents in microamperes by what takes them."""

    asleep_ua: float
    awake_ua: float
    compass_ua: float
    radar_ua: float
    radio_ua: float

    @property
    def mean_ua(self) -> float:
        """The mean current."""
        parts = (self.asleep_ua, self.awake_ua, self.compass_ua, self.radar_ua, self.radio_ua)
        return sum(parts)

    @property
    def years(self) -> float:
        """How long the battery lasts."""
        return BATTERY_MAH * 1000.0 * USABLE_PART / self.mean_ua / _YEAR_H


def budget(samples_per_s: float, echoes_per_s: float) -> Budget:
    """The budget of a duty cycle."""
    awake = samples_per_s * SAMPLE_S
    return Budget(
        asleep_ua=duty.LIGHT_UA * (1.0 - awake),
        awake_ua=duty.AWAKE_UA * awake,
        compass_ua=COMPASS_UA,
        radar_ua=RADAR_STANDBY_UA + ECHO_UAS * echoes_per_s,
        radio_ua=TALK_UAS * TALKS_PER_DAY / _DAY_S,
    )


def report(samples_per_s: float, echoes_per_s: float) -> str:
    """The budget as text."""
    found = budget(samples_per_s, echoes_per_s)
    return (
        f"{samples_per_s:.2f} samples/s, {echoes_per_s:.3f} echoes/s: asleep {found.asleep_ua:.0f}"
        f" + awake {found.awake_ua:.0f} + compass {found.compass_ua:.0f} + radar"
        f" {found.radar_ua:.0f} + radio {found.radio_ua:.0f} = {found.mean_ua:.0f} uA,"
        f" {found.years:.1f} years on {BATTERY_MAH / 1000:.0f} Ah"
    )


if __name__ == "__main__":
    from . import parking

    print(report(*parking.duty_cycle()))
