"""A luminaire controller's sensors: presence and an energy meter, where the board has them."""

import machine

from .drivers.bl0942 import Bl0942
from .esp32 import Esp32Board
from .readings import Readings

_METER_EVERY = 2  # Ticks between two requests: the chip renews its values 2.5 times a second.


class LampBoard(Esp32Board):
    """Pins: pwm, presence, meter_tx and meter_rx; section meter: its scales."""

    def __init__(self, spec: dict[str, dict[str, int]], credentials: tuple[str, str]) -> None:
        Esp32Board.__init__(self, spec, credentials)
        pins = spec["pins"]
        self._presence = None
        self._meter = None
        self._count = 0
        if "presence" in pins:
            self._presence = machine.Pin(pins["presence"], machine.Pin.IN)
        if "meter_rx" in pins:
            uart = machine.UART(
                1, baudrate=9600, tx=pins["meter_tx"], rx=pins["meter_rx"], timeout=0
            )
            self._meter = Bl0942(uart, spec["meter"])

    def read(self, readings: Readings) -> None:
        """Fill in what the sensors say now."""
        if self._presence:
            readings.present = bool(self._presence.value())
        self._count += 1
        if self._meter and self._count % _METER_EVERY == 0:
            self._meter.poll()
            readings.power_mw = self._meter.power_mw
            readings.voltage_dv = self._meter.voltage_dv
            readings.energy_wh = self._meter.energy_wh
