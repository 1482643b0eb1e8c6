"""The ESP32 board without its sensors: lamp output, radio, watchdog, heap.

`lamp_board.py` and `bay_board.py` add the sensors. Everything is polled and never waits; parts
that the board file does not name are not there.
"""

import gc
import os

import machine
import network
import utime  # Real time, also in a simulation.

from . import boot
from .cold import load
from .parts import PARTS
from .readings import Readings

_PWM = PARTS.index("pwm")

_UPLINK = PARTS.index("ethernet_phy")  # Up to the modem's power.
_UPLINK_SIZE = 6
_CHANNEL = PARTS.index("espnow_channel")
_RADIO_FILE = "firmware.esp_now"
_UPLINK_FILE = "firmware.uplink"  # As text: an import statement's names stay in memory.
_WATCHDOG_MS = 8000


class Esp32Board:
    """`spec` is the board's list, see parts.py."""

    def __init__(self, spec: "list[int]", credentials: tuple[str, str]) -> None:
        self._pwm = None
        self.pass_ms = 100  # What the link gets of each turn of the loop.
        self.relay_s: tuple[int, int] | None = None  # How long it stays open and closed at least.
        self.clock_bus: object | None = None  # Where a battery-backed clock is.
        self._credentials = credentials
        self.radio: object | None = None  # To and from neighbours, once the network's is on.
        self._channel = spec[_CHANNEL]
        parts = spec[_UPLINK : _UPLINK + _UPLINK_SIZE]
        if parts == [None] * _UPLINK_SIZE:
            self.net = network.WLAN(network.WLAN.IF_STA)
        else:
            tools = (network, machine, utime.ticks_ms)
            self.net = load(_UPLINK_FILE).run(parts, credentials, tools)
        if spec[_PWM] is not None:
            self._pwm = boot.light(spec[_PWM], spec[_PWM + 1])
        self._watchdog = machine.WDT(timeout=_WATCHDOG_MS)

    def set_level(self, duty: int, level_c: int) -> None:
        """Dim the lamp: light as a part of 65535; level_c is it in hundredths of a percent."""
        if self._pwm:
            self._pwm.duty_u16(duty)

    def set_relay(self, closed: bool) -> None:
        """Switch the lamp's relay; a board without one has nothing to switch."""

    def heap(self, readings: Readings) -> None:
        """Fill in the heap after a collection; called rarely, for it takes milliseconds."""
        gc.collect()
        readings.heap_free_bytes = gc.mem_free()
        readings.heap_total_bytes = gc.mem_free() + gc.mem_alloc()

    def random(self, size: int) -> bytes:
        """Bytes nobody can guess: the chip's noise source while its radio is on."""
        return os.urandom(size)

    def network_up(self) -> bool:
        """Whether there is a network; joins it in the background when there is none."""
        if self.net.isconnected():
            return True
        if not self.net.active():
            self.net.active(True)
            if self._channel is not None:
                self.radio = load(_RADIO_FILE).run(self._channel)
                self.radio.send(None)
            self.net.connect(self._credentials[0], self._credentials[1])
        return False

    def feed_watchdog(self) -> None:
        """The loop is alive."""
        self._watchdog.feed()

    def reset_cause(self) -> int:
        """Why the node started."""
        return machine.reset_cause()
