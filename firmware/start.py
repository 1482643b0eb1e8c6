"""What a board runs after boot.py has lit the lamp: the programme of its kind.

All programmes are in the image, each linked into one module of its own; only one is loaded.
"""

import json

PATH = "/identity.json"


def run() -> None:
    """Run the programme for which the node was provisioned; the lamp's tells what is missing."""
    kind = ""
    try:
        with open(PATH) as file:
            kind = json.load(file)["kind"]
    except (OSError, ValueError, KeyError):
        pass
    if kind == "bay":
        from .bay_main import run as run_kind
    elif kind in ("cabinet", "air", "sign"):
        from .station_main import run as run_kind
    else:
        from .lamp_main import run as run_kind
    run_kind()
