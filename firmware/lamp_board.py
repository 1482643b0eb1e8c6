"""A luminaire's sensors: presence, an energy meter and a photocell, where the board has them."""

import machine

from .drivers import bh1750
from .drivers.bl0942 import Bl0942
from .esp32 import Esp32Board
from .readings import Readings

_METER_EVERY = 2  # Ticks between two requests: the chip renews its values 2.5 times a second.
_LIGHT_EVERY = 10


class LampBoard(Esp32Board):
    """Pins: pwm, presence, meter_tx and meter_rx, light_scl and light_sda; meter: its scales."""

    def __init__(self, spec: dict[str, dict[str, int]], credentials: tuple[str, str]) -> None:
        Esp32Board.__init__(self, spec, credentials)
        pins = spec["pins"]
        self._presence = None
        self._meter = None
        self._light = None
        self._light_count = bytearray(2)
        self._count = 0
        if "presence" in pins:
            self._presence = machine.Pin(pins["presence"], machine.Pin.IN)
        if "meter_rx" in pins:
            uart = machine.UART(
                1, baudrate=9600, tx=pins["meter_tx"], rx=pins["meter_rx"], timeout=0
            )
            self._meter = Bl0942(uart, spec["meter"])
        if "light_scl" in pins:
            scl, sda = machine.Pin(pins["light_scl"]), machine.Pin(pins["light_sda"])
            self._light = machine.I2C(0, scl=scl, sda=sda, freq=100000)
            bh1750.read(self._light, self._light_count)  # It begins to count.

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
        if self._light and self._count % _LIGHT_EVERY == 0:
            readings.lux_dx = bh1750.read(self._light, self._light_count)
