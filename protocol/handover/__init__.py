"""What passes between a controller and the laptop of a field engineer: keys down, receipts up.

Sealed batches, signed receipts and the inventory, as both ends read and write them. It opens no
file and derives no node key (protocol/wire/controller_end does). Read `sealing.py` first.
"""

from .inventory import COLUMNS, InventoryError, Row, read_inventory
from .receipt import Receipt, ReceiptError, check_receipt, sign_receipt
from .sealing import (
    Card,
    HandoverError,
    Laptop,
    locked,
    make_laptop,
    open_batch,
    read_card,
    seal_batch,
    unlocked,
)

__all__ = [
    "COLUMNS",
    "Card",
    "HandoverError",
    "InventoryError",
    "Laptop",
    "Receipt",
    "ReceiptError",
    "Row",
    "check_receipt",
    "locked",
    "make_laptop",
    "open_batch",
    "read_card",
    "read_inventory",
    "seal_batch",
    "sign_receipt",
    "unlocked",
]
