"""The node: dims a lamp, senses presence and a bay, measures energy, keeps its schedule alone.

Runs under MicroPython on an ESP32 and on the unix port. It never decides for another node and
never waits for one: whatever fails, the street is lit. Read `node.py` first, then `main.py`.
"""

from .parts import PARTS

__all__ = ["PARTS"]
