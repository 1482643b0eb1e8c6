"""A street on paper: sun, traffic, mains, faults, and simulated ESP32 boards under real firmware.

It never decides what a node does; it gives the firmware a world to sense and act in. Read
`world/street.py` first, then `zygote.py` and `board/layout.py`.
"""
