"""The profiles of TALQ that this gateway announces, and therefore serves whole."""

from __future__ import annotations

PROFILES = [
    "lighting", "smartParking", "environmentalMonitoring", "cabinetControl",
    "lightingAssetManagement",
]  # fmt: skip
