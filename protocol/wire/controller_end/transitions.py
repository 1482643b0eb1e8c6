"""A node as the controller sees it while it joins; the prose is in ../transitions.py."""

# States of a node as the controller sees it.
UNKNOWN = "unknown"
OFFERED = "offered"
OPEN = "open"
OPEN_OFFERED = "open_offered"

# Inputs of the controller's view.
REQUESTED = "requested"
PROVED = "proved"

CONTROLLER = (
    (UNKNOWN, REQUESTED, OFFERED),
    (OFFERED, REQUESTED, OFFERED),
    (OFFERED, PROVED, OPEN),
    (OPEN, REQUESTED, OPEN_OFFERED),
    (OPEN_OFFERED, REQUESTED, OPEN_OFFERED),
    (OPEN_OFFERED, PROVED, OPEN),
)
