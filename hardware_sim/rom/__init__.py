"""An ESP32 board as its serial port shows it: boot ROM, flash, eFuses, and faults on demand.

It never decides what a flashed program does; `hardware_sim/repl` runs that. Read `bootrom.py`
first: everything the boot ROM says is decided there, byte by byte and without I/O.
"""

from .chips import CHIPS, Chip
from .image import application_image, esp_image, micropython_image, partition_table

__all__ = [
    "CHIPS",
    "Chip",
    "application_image",
    "esp_image",
    "micropython_image",
    "partition_table",
]
