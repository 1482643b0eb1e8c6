"""A station's parts: inputs, modules on a Modbus line, a contactor, a display on the same line."""

import struct

import machine

from protocol import wire

from .drivers.modbus import Modbus
from .esp32 import Esp32Board
from .readings import Readings
from .station import TEXT_SIZE, Station

_HAND = wire.QUANTITY_NAMES.index("hand")
_TEXT = wire.QUANTITY_NAMES.index("text_0")
_SHOW_EVERY = 30  # Ticks between two looks whether the display shows what it should.


class StationBoard(Esp32Board):
    """Pins: pwm (contactor), hand_on and hand_off, tx and rx; inputs: pin, quantity; modbus."""

    def __init__(self, spec: dict[str, dict[str, int]], credentials: tuple[str, str]) -> None:
        Esp32Board.__init__(self, spec, credentials)
        pins = spec["pins"]
        modbus = spec["modbus"]
        self._station = Station()
        self._station.switched = "pwm" in pins
        self._inputs = [
            (machine.Pin(row[0], machine.Pin.IN), row[1]) for row in spec.get("inputs", ())
        ]
        self._hand = None
        if "hand_on" in pins:
            self._hand = [
                machine.Pin(pins[name], machine.Pin.IN) for name in ("hand_on", "hand_off")
            ]
        for row in modbus["rows"]:
            self._station.steps[row[4]] = row[5]
        uart = machine.UART(2, baudrate=modbus["baud"], tx=pins["tx"], rx=pins["rx"], timeout=0)
        self._line = Modbus(uart, modbus["rows"], self._station.values)
        self._display = modbus.get("display")
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
