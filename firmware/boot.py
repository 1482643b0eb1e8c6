"""The first thing a node runs: light the lamp, then run the image that record.py picks.

Both are frozen into MicroPython and never updated over the air. The pin comes from the board file
in flash; if that cannot be read, from the default below.
"""

import gc
import json
import sys

import machine
from micropython import const

_PWM_PIN_DEFAULT = const(25)
_FREQUENCY_HZ_DEFAULT = const(1000)
_NONE = const(255)


def light(pin: int = _PWM_PIN_DEFAULT, frequency_hz: int = _FREQUENCY_HZ_DEFAULT) -> machine.PWM:
    """The lamp's PWM output: full light, or what a planned restart asked to keep."""
    duty = left[0] | left[1] << 8
    return machine.PWM(machine.Pin(pin), freq=frequency_hz, duty_u16=duty)


def ask(what: str, *arguments: object) -> object:
    """Call a function of record.py, which is let go of at once."""
    __import__("record")
    return getattr(sys.modules.pop("record"), what)(*arguments)


def run() -> None:
    """Run the image, for ever; it returns in safe mode only, to MicroPython's console."""
    global slot, trial, failed
    slot, trial, failed = ask("pick")
    if slot == _NONE:
        print("safe mode: the lamp is lit, the console is open")
        return
    sys.modules["firmware.boot"] = sys.modules[__name__]
    gc.collect()  # While little is on the stack that looks like a pointer to what is not needed.
    try:
        __import__("main")
    except Exception as error:  # noqa: BLE001  # whatever an image does, the node stays
        sys.print_exception(error)
    lamp.duty_u16(65535)
    ask("crashed")
    machine.reset()


def _own_light() -> machine.PWM:
    """Light on the pin of the board file; on the default one if that cannot be read."""
    try:
        with open("/identity.json") as file:
            board = json.load(file)["board"]
        if board[0] is not None:  # Its first two places will always be pin and frequency.
            return light(board[0], board[1])
    except (OSError, ValueError, KeyError, TypeError, IndexError):
        pass
    return light()


# MicroPython runs a frozen boot.py by itself, and main.py imports it: lit once is enough.
if __name__ != "__main__":
    left = ask("left")
    light()
    lamp = _own_light()
    slot, trial, failed = _NONE, False, 0
