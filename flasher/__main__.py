"""`python -m flasher`: the same as `python flash.py`."""

from .commands import app

if __name__ == "__main__":
    app(prog_name="lamplighter flash")
