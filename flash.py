"""The field engineer's tool: `python flash.py --help`. The tool itself is in flasher/."""

from flasher import app

if __name__ == "__main__":
    app(prog_name="flash.py")
