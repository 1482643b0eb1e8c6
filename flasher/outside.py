"""Names that are not ours to change: what MicroPython and the boards' modules know."""

from __future__ import annotations

import functools
import subprocess
import sys
from pathlib import Path

# What a board's modules and file systems have that nobody tells us, and keywords of their calls.
_BOARD_NAMES = """
    ADC ESPNow I2C IN OUT PWM Pin PWRON_RESET RTC SPI Signal Timer UART WDT WLAN IF_STA active
    any atten baudrate cause connect disconnect duty duty_u16 feed freq id idle init irq
    isconnected mode network machine timeout readfrom_mem_into readinto reset reset_cause rx scl
    sda tx unique_id ifconfig value readfrom_into writeto writeto_mem readblocks writeblocks
    readsize progsize lookahead add_peer espnow config channel LAN PPP PHY_LAN8720 mdc mdio
    phy_type phy_addr datetime gmtime verify_mode server_hostname do_handshake_on_connect
    status
"""

_ASK = """
import sys
seen = set()
def look(thing, depth):
    for name in dir(thing):
        if name in seen and depth:
            continue
        seen.add(name)
        try:
            inner = getattr(thing, name)
        except Exception:
            continue
        if depth < 3:
            look(inner, depth + 1)
for name in ("builtins gc os struct json hashlib binascii time asyncio asyncio.core "
             "asyncio.stream asyncio.event asyncio.funcs select socket sys uctypes vfs "
             "micropython errno utime tls io collections random deflate re math").split():
    try:
        module = __import__(name)
        for part in name.split(".")[1:]:
            module = getattr(module, part)
    except (ImportError, AttributeError):
        continue
    seen.add(name)
    look(module, 0)
import hashlib, io
look(hashlib.sha256(), 1)
look(io.BytesIO(), 1)
print(" ".join(sorted(seen)))
"""


class OutsideError(Exception):
    """MicroPython could not be asked for its names."""


@functools.cache
def interned_names() -> frozenset[str]:
    """Every name that the modules of MicroPython itself hold, in ROM and not in RAM."""
    program = Path(sys.executable).parent / "micropython"
    done = subprocess.run([program, "-c", _ASK], capture_output=True, text=True, check=False)
    if done.returncode or not done.stdout:
        raise OutsideError(f"{program}: {done.stderr.strip() or 'said nothing'}")
    return frozenset(done.stdout.split())


def outside_names() -> frozenset[str]:
    """Every name that the unix port's modules and the boards' modules know."""
    return interned_names() | frozenset(_BOARD_NAMES.split())
