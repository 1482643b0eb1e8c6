"""What is frozen into our MicroPython: the port's own, and what no update may touch."""
# ruff: noqa: F821  # MicroPython's build gives these functions.

include("$(PORT_DIR)/boards/manifest.py")
module("boot.py", base_path="frozen")
module("main.py", base_path="frozen")
module("record.py", base_path="frozen")
module("slots.py", base_path="frozen")
