"""MicroPython in the place of a flashed board's: what runs is what lies in its flash.

It never touches the serial line; `hardware_sim/rom` has that. Read `process_io.py` first.
"""

from .process_io import RESET, RESTARTED, Application, Places

__all__ = ["RESET", "RESTARTED", "Application", "Places"]
