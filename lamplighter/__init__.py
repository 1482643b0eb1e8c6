"""The command line: `lamplighter demo`, `cms`, `controller`, `sim`, `monitor`, …

Wires the programs together and imports each only when its command runs. Holds no logic of its
own. Read `__main__.py` first.
"""
