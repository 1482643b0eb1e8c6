"""The command line, and the wiring of the demo: every program in one process tree.

It decides nothing about light. Programs are started as processes of their own; imports are lazy,
so that `lamplighter --help` costs nothing. Read `demo.py` first.
"""

__all__: list[str] = []
