"""The installation plan: which asset stands where, on which node, under which feeder.

Made once and imported by world, controller and CMS, so that none invents its own. CPython only.
It decides nothing about light. Read `model.py` first.
"""

from .identity import device_address, gateway_asset_id, is_node_id
from .model import (
    STATION_KINDS,
    Asset,
    Cabinet,
    Feeder,
    Kind,
    LampBoard,
    LampType,
    Names,
    Plan,
    PlanError,
    Site,
    Street,
    Switching,
    load,
    save,
)
from .quarter import quarter

__all__ = [
    "STATION_KINDS",
    "Asset",
    "Cabinet",
    "Feeder",
    "Kind",
    "LampBoard",
    "LampType",
    "Names",
    "Plan",
    "PlanError",
    "Site",
    "Street",
    "Switching",
    "device_address",
    "gateway_asset_id",
    "is_node_id",
    "load",
    "quarter",
    "save",
]
