"""A luminaire's sensors and its DALI driver, where the board has them."""

import time

import machine

from . import boot
from .drivers import bh1750
from .drivers.bl0942 import Bl0942
from .esp32 import Esp32Board
from .parts import PARTS
from .readings import Readings

_RELAY = PARTS.index("relay")
_PRESENCE = PARTS.index("presence")
_METER = PARTS.index("meter_tx")
_LIGHT = PARTS.index("light_scl")
_DALI = PARTS.index("dali_tx")
_CLOCK = PARTS.index("clock")
_SUPPLY = PARTS.index("supply")
_METER_EVERY = 2  # Ticks between two requests: the chip renews its values 2.5 times a second.
_LIGHT_EVERY = 10
_PULSE_MS = 30  # A latching relay's coil (TE RT314F12: 30 ms) is not driven longer.


class LampBoard(Esp32Board):
    """What the board's list has of relay, presence, meter and photocell is there."""

    def __init__(self, spec: "list[int]", credentials: tuple[str, str]) -> None:
        Esp32Board.__init__(self, spec, credentials)
        self._presence = None
        self._meter = None
        self._light = None
        self._light_count = bytearray(2)
        self._count = 0
        self._relay: "tuple[machine.Pin, ...] | None" = None
        self._driver = None
        self._told: list[int]  # There is one where there is a driver.
        # As a PWM output would have begun: full light, or what a planned restart keeps.
        self._duty = int.from_bytes(boot.left[:2], "little")  # type: ignore[index] # it is bytes
        if spec[_DALI] is not None:
            from .drivers.dali import FRESH, drive

            tx, rx, baud = spec[_DALI : _DALI + 3]
            self._told = list(FRESH)
            uart = machine.UART(2, baudrate=baud, tx=tx, rx=rx, timeout=0)
            self._driver = drive(uart, self._told)
            self._driver.send(None)  # type: ignore[attr-defined] # a generator
        if spec[_RELAY] is not None:
            self.relay_s = (spec[_RELAY + 2], spec[_RELAY + 3])
            # With two coils each has a pin: the first closes, the second opens.
            self._relay = (machine.Pin(spec[_RELAY], machine.Pin.OUT, value=0),)
            if spec[_RELAY + 1] is not None:
                self._relay += (machine.Pin(spec[_RELAY + 1], machine.Pin.OUT, value=0),)
            self.set_relay(True)
        if spec[_PRESENCE] is not None:
            self._presence = machine.Pin(spec[_PRESENCE], machine.Pin.IN)
        self._supply = None
        if spec[_SUPPLY] is not None:
            self._supply = machine.Pin(spec[_SUPPLY], machine.Pin.IN)
        if spec[_METER] is not None:
            uart = machine.UART(1, baudrate=9600, tx=spec[_METER], rx=spec[_METER + 1], timeout=0)
            self._meter = Bl0942(uart, spec[_METER + 2 : _METER + 7])
        if spec[_LIGHT] is not None:
            scl, sda = machine.Pin(spec[_LIGHT]), machine.Pin(spec[_LIGHT + 1])
            self._light = machine.I2C(0, scl=scl, sda=sda, freq=100000)
            bh1750.read(self._light, self._light_count)  # It begins to count.
            if spec[_CLOCK]:
                self.clock_bus = self._light

    def set_level(self, duty: int, level_c: int) -> None:
        """Dim the lamp; a DALI driver is given its level when it is polled, and fades to it."""
        self._duty = duty
        Esp32Board.set_level(self, duty, level_c)

    def set_relay(self, closed: bool) -> None:
        """A normally closed relay is held open; one with two coils gets a pulse."""
        relay = self._relay
        if relay is None:
            return
        if len(relay) == 1:
            relay[0].value(0 if closed else 1)
            return
        coil = relay[0 if closed else 1]
        coil.value(1)
        time.sleep_ms(_PULSE_MS)  # type: ignore[attr-defined] # MicroPython's own
        coil.value(0)

    def read(self, readings: Readings) -> None:
        """Fill in what the sensors say now."""
        if self._presence:
            readings.present = bool(self._presence.value())
        if self._supply:
            readings.supply = not self._supply.value()
        self._count += 1
        if self._driver:
            self._driver.send(self._duty)  # type: ignore[attr-defined] # a generator
            told = self._told
            readings.driver = told
            readings.gear, readings.lamp_out = told[0], told[1]
            readings.power_mw, readings.energy_wh = told[2], told[3]
            readings.voltage_dv = max(0, told[4])
            if told[8] >= 0:
                readings.present = readings.present or told[8] > 0
        if self._meter and self._count % _METER_EVERY == 0:
            self._meter.poll()
            readings.power_mw = self._meter.power_mw
            readings.voltage_dv = self._meter.voltage_dv
            readings.energy_wh = self._meter.energy_wh
        if self._light and self._count % _LIGHT_EVERY == 0:
            readings.lux_dx = bh1750.read(self._light, self._light_count)
