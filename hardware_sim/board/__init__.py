"""The board on paper: modules that stand in for MicroPython's `machine`, `network`, `time`.

They run inside each node's MicroPython and touch nothing but one page of shared memory. Read
`layout.py` first: it is the whole interface between a node's peripherals and the world.
"""
