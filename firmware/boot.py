"""The first thing a node runs: light the lamp, whatever comes after.

Nothing else is imported before, so that neither a full flash nor a crashing brain leaves a street
dark. The pin comes from the board file in flash; if that cannot be read, from the default below.
"""

import machine

PWM_PIN_DEFAULT = 25
FREQUENCY_HZ_DEFAULT = 1000
FULL = 65535


def light(pin: int = PWM_PIN_DEFAULT, frequency_hz: int = FREQUENCY_HZ_DEFAULT) -> machine.PWM:
    """Full light on the lamp's PWM output."""
    return machine.PWM(machine.Pin(pin), freq=frequency_hz, duty_u16=FULL)


lamp = light()
