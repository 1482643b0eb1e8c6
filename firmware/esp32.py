"""The ESP32 board: pins and chips as the board file names them."""

import gc
import os

import machine
import network

from . import boot
from .board import Board
from .drivers.bl0942 import Bl0942
from .drivers.qmc5883l import Qmc5883l
from .node import Readings

_WATCHDOG_MS = 8000
_METER_EVERY = 2  # Ticks between two requests: the chip renews its values 2.5 times a second.


class Esp32Board(Board):
    """`spec` is the board file: pins, pwm, meter."""

    def __init__(self, spec: dict[str, dict[str, int]], credentials: tuple[str, str]) -> None:
        pins = spec["pins"]
        self._pwm = None
        self._presence = None
        self._meter = None
        self._compass = None
        self._count = 0
        self._credentials = credentials
        self._wlan = network.WLAN(network.WLAN.IF_STA)
        if "pwm" in pins:
            self._pwm = boot.light(pins["pwm"], spec["pwm"]["frequency_hz"])
        if "presence" in pins:
            self._presence = machine.Pin(pins["presence"], machine.Pin.IN)
        if "meter_rx" in pins:
            uart = machine.UART(
                1, baudrate=9600, tx=pins["meter_tx"], rx=pins["meter_rx"], timeout=0
            )
            self._meter = Bl0942(uart, spec["meter"])
        if "sda" in pins:
            i2c = machine.I2C(0, scl=machine.Pin(pins["scl"]), sda=machine.Pin(pins["sda"]))
            self._compass = Qmc5883l(i2c)
        self._watchdog = machine.WDT(timeout=_WATCHDOG_MS)

    def set_duty(self, duty: int) -> None:
        """Dim the lamp: 0-65535."""
        if self._pwm:
            self._pwm.duty_u16(duty)

    def read(self, readings: Readings) -> None:
        """Fill in what the sensors say now."""
        self._count += 1
        if self._presence:
            readings.present = bool(self._presence.value())
        if self._meter and self._count % _METER_EVERY == 0:
            self._meter.poll()
            readings.power_mw = self._meter.power_mw
            readings.voltage_dv = self._meter.voltage_dv
            readings.energy_wh = self._meter.energy_wh
        if self._compass:
            readings.field_ok = self._compass.read(readings.field)

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
        if self._wlan.isconnected():
            return True
        if not self._wlan.active():
            self._wlan.active(True)
            self._wlan.connect(self._credentials[0], self._credentials[1])
        return False

    def feed_watchdog(self) -> None:
        """The loop is alive."""
        self._watchdog.feed()

    def reset_cause(self) -> int:
        """Why the node started."""
        return machine.reset_cause()
