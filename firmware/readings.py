"""What a node's sensors and its shell tell its brain: one object, filled anew each tick."""

from .station import Station


class Readings:
    """What the sensors say: power_mw and lux_dx are -1 while silent, field in nT.

    `station` is there on stations only.
    """

    station: "Station"

    def __init__(self) -> None:
        self.present = False
        self.power_mw = -1
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
