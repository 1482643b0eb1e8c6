"""What a node's sensors and its shell tell its brain: one object, filled anew each tick."""

from .echo import Echo
from .station import Station

NO_TEMPERATURE = -9999


class Readings:
    """What the sensors say: power_mw and lux_dx are -1 while silent, field in nT.

    `gear` and `lamp_out` are what a DALI driver says: 1 bad, 0 good, -1 nothing; `driver` is all
    that is told of it (drivers/dali.py), where there is one. `supply` is False while the mains has
    gone and the board lives from what it holds. `station` is there on stations only, `echo` on
    bays only.
    """

    station: "Station"
    echo: "Echo"

    def __init__(self) -> None:
        self.present = False
        self.power_mw = -1
        self.gear = -1
        self.lamp_out = -1
        self.driver: "list[int] | None" = None
        self.supply = True
        self.temperature_dc = NO_TEMPERATURE
        self.lux_dx = -1
        self.energy_wh = 0
        self.voltage_dv = 0
        self.field = [0, 0, 0]
        self.field_ok = False
        self.heap_free_bytes = 0
        self.heap_total_bytes = 0
        self.events_waiting = 0
        self.events_lost = 0
        self.refused = 0
        self.clock_error_s = 65535
        self.drift_ppm = 0
