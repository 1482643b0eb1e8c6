"""A station's parts: inputs, modules on a Modbus line, a contactor, a display on the same line."""

import struct
import time

import machine

from protocol import wire

from .drivers import bh1750
from .drivers.modbus import Modbus
from .esp32 import Esp32Board
from .parts import PARTS
from .readings import Readings
from .station import TEXT_SIZE, Station

_HAND = wire.QUANTITY_NAMES.index("hand")
_TEXT = wire.QUANTITY_NAMES.index("text_0")
_CONTACTOR = PARTS.index("pwm")
_INPUTS = PARTS.index("inputs")
_HANDS = PARTS.index("hand_on")
_LINE = PARTS.index("tx")
_BAUD = PARTS.index("modbus_baud")
_ROWS = PARTS.index("modbus_rows")
_DISPLAY = PARTS.index("modbus_display")
_BUS = PARTS.index("sda")
_PARTICLES = PARTS.index("particles_tx")
_NOISE = PARTS.index("noise")
_CLOCK = PARTS.index("clock")
_LIGHT = PARTS.index("light_scl")
_TWILIGHT = wire.QUANTITY_NAMES.index("twilight")
_STEPS = PARTS.index("steps")
# Where the first number of each chip goes, and their causes.
_TEMPERATURE = wire.QUANTITY_NAMES.index("air_temperature_dc")
_PM1 = wire.QUANTITY_NAMES.index("pm1_dugm3")
_LEVEL = wire.QUANTITY_NAMES.index("noise_ddb")
_CAUSES = wire.QUANTITY_NAMES.index("chip_causes")
_TICK_MASK = 0x3FFFFFFF
_ATTN_11DB = 3  # Up to 3.1 V, as machine.ADC names it.
_LIGHT_EVERY = 10
_DAY_DX = 100000  # A twilight switch knows day and night alone.
_SHOW_EVERY = 30  # Ticks between two looks whether the display shows what it should.


class StationBoard(Esp32Board):
    """Contactor at `pwm`, hand-switch, a Modbus line and its rows; inputs: pin, quantity."""

    def __init__(self, spec: "list[int]", credentials: tuple[str, str]) -> None:
        Esp32Board.__init__(self, spec, credentials)
        self._station = Station()
        self._station.switched = spec[_CONTACTOR] is not None
        self._inputs = [
            (machine.Pin(row[0], machine.Pin.IN), row[1]) for row in spec[_INPUTS] or ()
        ]
        self._hand = None
        if spec[_HANDS] is not None:
            self._hand = [
                machine.Pin(number, machine.Pin.IN) for number in spec[_HANDS : _HANDS + 2]
            ]
        rows = spec[_ROWS]
        for row in rows:
            self._station.steps[row[4]] = row[5]
        uart = machine.UART(2, baudrate=spec[_BAUD], tx=spec[_LINE], rx=spec[_LINE + 1], timeout=0)
        self._line = Modbus(uart, rows, self._station.values)
        self._display = spec[_DISPLAY]
        self._count = 0
        self._chips = self._watch(spec)
        self._light = None
        self._light_count = bytearray(2)
        if spec[_LIGHT] is not None:
            scl, sda = machine.Pin(spec[_LIGHT]), machine.Pin(spec[_LIGHT + 1])
            self._light = machine.I2C(0, scl=scl, sda=sda, freq=100000)
            bh1750.read(self._light, self._light_count)  # It begins to count.

    def _watch(self, spec: "list[int]") -> "object | None":
        """The chips of an air station, which are loaded where there are some."""
        steps: list[list[int]] = spec[_STEPS] or []  # type: ignore[assignment] # a list of pairs
        for quantity, step in steps:
            self._station.steps[quantity] = step
        bus = line = noise = None
        if spec[_BUS] is not None:
            sda, scl = machine.Pin(spec[_BUS]), machine.Pin(spec[_BUS + 1])
            bus = machine.I2C(0, scl=scl, sda=sda, freq=100000)
            if spec[_CLOCK]:
                self.clock_bus = bus
        if spec[_PARTICLES] is not None:
            tx, rx = spec[_PARTICLES : _PARTICLES + 2]
            line = machine.UART(1, baudrate=9600, tx=tx, rx=rx, timeout=0)
        if spec[_NOISE] is not None:
            noise = machine.ADC(machine.Pin(spec[_NOISE]), atten=_ATTN_11DB)
        if bus is None and line is None and noise is None:
            return None
        from .drivers.air_chips import watch

        places = [_TEMPERATURE, _PM1, _LEVEL, _CAUSES]
        rest_s = spec[_PARTICLES + 2] or 0
        chips = watch((bus, line, noise), self._station.values, places, rest_s)
        chips.send(None)  # type: ignore[attr-defined] # a generator
        return chips

    def read(self, readings: Readings) -> None:
        """Fill in what inputs and modules say now."""
        station = self._station
        readings.station = station
        for pin, quantity in self._inputs:
            station.values[quantity] = pin.value()
        if self._hand:
            hand = self._hand
            station.values[_HAND] = 1 if hand[0].value() else 2 if hand[1].value() else 0
        if station.values[_TWILIGHT] is not None:
            readings.lux_dx = 0 if station.values[_TWILIGHT] else _DAY_DX
        elif self._light and self._count % _LIGHT_EVERY == 0:
            readings.lux_dx = bh1750.read(self._light, self._light_count)
        if self._chips:
            tick_ms = time.ticks_ms() & _TICK_MASK
            self._chips.send(tick_ms)  # type: ignore[attr-defined] # a generator
        self._count += 1
        if self._display and self._count % _SHOW_EVERY == 0 and self._shown() != station.text:
            self._line.put(self._display[0], self._display[1], station.text)
        else:
            self._line.poll()

    def _shown(self) -> bytes:
        values = self._station.values
        shown = b""
        for at in range(TEXT_SIZE // 4):
            shown += struct.pack(">i", values[_TEXT + at] or 0)
        return shown
