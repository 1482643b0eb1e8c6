"""What the plan says of luminaires, brackets and controllers: types, and asset functions of lamps.

The gateway owns these types: it sends them to a CMS before the devices that name them (D9). What
the plan does not say is empty or zero; a CMS may set it (lightingAssetManagement).
"""

from __future__ import annotations

from typing import Any

from protocol import plan

Body = dict[str, Any]
CONTROLLER_TYPE = "lamplighter-esp32"
BRACKET_TYPE = "pole"
_WARRANTY_YEARS = 10
# LED luminaires of streets lie around this, and the plan knows only their power.
_LUMENS_PER_WATT = 130
_NEVER = "1970-01-01T00:00:00.000Z"
_LUMINAIRE = {
    "gtin": "", "manufacturerName": "", "productFamily": "", "lightSourceType": "LED",
    "lightDistributionType": "TYPE II", "materialEnclosure": "Alluminium",
    "materialLlightCover": "Glass", "materialLightCover": "Glass", "warmUpTime": 0,
    "maxOperatingHours": 100_000, "cloType": "Controller", "lightSourceManufacturerName": "",
    "lor": 100, "cct": 3000, "cri": 70, "backlightCutType": "",
    "lumenDepreciationCurve": {"entries": [{"operatingHours": 0, "percentage": 100}]},
}  # fmt: skip
_MADE = {
    "manufactureYear": ("AttributeInteger", 0), "manufactureWeek": ("AttributeInteger", 0),
    "warrantyExpirationDate": ("AttributeDateTime", _NEVER),
    "warrantyYears": ("AttributeInteger", _WARRANTY_YEARS),
    "installationTimestamp": ("AttributeDateTime", _NEVER), "projectID": ("AttributeString", ""),
    "applicationType": ("AttributeString", "street lighting"),
}  # fmt: skip


def types(site: plan.Plan) -> list[tuple[str, list[Body]]]:
    """(collection, bodies) of the types that our devices name, in the order to send them."""
    return [
        ("lamp-types", [_lamp_type(one) for one in site.lamp_types]),
        ("luminaire-types", [_luminaire_type(one) for one in site.lamp_types]),
        ("bracket-types", [{
            "address": BRACKET_TYPE, "name": "pole top", "manufacturerName": "",
            "productFamily": "", "model": "pole top",
        }]),
        ("controller-types", [{
            "address": CONTROLLER_TYPE, "name": "Lamplighter node", "locationPrecision": 1,
            "manufacturerName": "Lamplighter", "productFamily": "node", "model": "esp32",
            "mechanicalInterfaces": [], "electricalInterfaces": [], "protocols": [],
        }]),
    ]  # fmt: skip


def _lamp_type(one: plan.LampType) -> Body:
    return {
        "address": one.id, "name": one.id, "controlType": "PWM", "wattage": one.power_w_max,
        "minLightOutput": one.floor_percent,
    }  # fmt: skip


def _luminaire_type(one: plan.LampType) -> Body:
    lumens = round(one.power_w_max * _LUMENS_PER_WATT)
    return {
        "address": luminaire_type(one.id), "name": one.id, "model": one.id, **_LUMINAIRE,
        "maximumPower": one.power_w_max, "maximumLuminousFluxOutput": lumens,
        "minimumLuminousFluxOutput": lumens * one.floor_percent // 100,
        "powerAtMinimumDimLevel": round(one.power_w(one.floor_percent), 3),
        "luminaireEfficacy": _LUMENS_PER_WATT, "lightSourceLedEficacy": _LUMENS_PER_WATT,
    }  # fmt: skip


def luminaire_type(lamp_type_id: str) -> str:
    """The luminaire type of a lamp type: the plan knows one model for both."""
    return f"luminaire-{lamp_type_id}"


def luminaire(asset: plan.Asset, lamp_type: plan.LampType | None) -> dict[str, tuple[str, Any]]:
    """Attributes of a lamp's LuminaireAssetFunction: name to (type, value)."""
    lamp_type_id = asset.lamp_type_id or ""
    lumens = round(lamp_type.power_w_max * _LUMENS_PER_WATT) if lamp_type else 0
    return {
        **_MADE,
        "luminaireTypeAddress": ("AttributeString", luminaire_type(lamp_type_id)),
        "bracketTypeAddress": ("AttributeString", BRACKET_TYPE),
        "serial": ("AttributeString", asset.node_id),
        "luminousFluxConfiguration": ("AttributeInteger", lumens),
        "paintingColor": ("AttributeString", ""),
        "virtualPowerOutput": ("AttributeLevelState", {"name": "LevelState", "value": 100}),
        "identification": ("AttributeString", asset.asset_id),
        "identificationNumber": ("AttributeString", asset.asset_id),
        "mountingOption": ("AttributeMountingOption", "Top"),
    }  # fmt: skip


def controller(asset: plan.Asset, sw_version: str) -> dict[str, tuple[str, Any]]:
    """Attributes of a node's ControllerAssetFunction: name to (type, value)."""
    return {
        **_MADE,
        "controllerTypeAddress": ("AttributeString", CONTROLLER_TYPE),
        "serial": ("AttributeString", asset.node_id),
        "firmwareVersion": ("AttributeString", sw_version),
        "registrationTimestamp": ("AttributeDateTime", _NEVER),
        "controllerColor": ("AttributeString", ""),
        "connectionType": ("AttributeLuminaireConnectionType", "Zhaga"),
    }  # fmt: skip
