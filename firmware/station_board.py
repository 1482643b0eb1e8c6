"""A station's parts: inputs, modules on a Modbus line, a contactor, a display on the same line."""

import struct

import machine

from protocol import wire

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

    def read(self, readings: Readings) -> None:
        """Fill in what inputs and modules say now."""
        station = self._station
        readings.station = station
        for pin, quantity in self._inputs:
            station.values[quantity] = pin.value()
        if self._hand:
            hand = self._hand
            station.values[_HAND] = 1 if hand[0].value() else 2 if hand[1].value() else 0
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
