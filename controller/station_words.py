"""What stations are in TALQ: classes, functions, events, and the attribute of each quantity.

Units are those of the model: kilowatts, amperes, parts per million, cubic metres per second.
"""

from __future__ import annotations

from protocol import plan

CABINET_CLASS, AIR_CLASS, SIGN_CLASS = (
    "lamplighter-cabinet-1", "lamplighter-air-1", "lamplighter-sign-1",
)  # fmt: skip
CLASS_KINDS: dict[str, plan.Kind] = {
    CABINET_CLASS: "cabinet",
    AIR_CLASS: "air",
    SIGN_CLASS: "sign",
}
# Function id: type, attributes.
FUNCTIONS: dict[str, tuple[str, tuple[str, ...]]] = {
    "cabinet": ("CabinetConfigurationFunction", ("actuatingType", "applicationType")),
    "cabinetMonitor": ("CabinetMonitorFunction", ("cabinetDoorOpen", "applicationType")),
    "segment": (
        "SegmentMonitorFunction",
        ("segmentReference", "actuatorReference", "numberOfLoads", "actualState",
         "circuitBreakerTripped", "localOverride"),
    ),
    "contactor": (
        "GenericActuatorFunction",  # The actuator that takes calendars.
        (
            "defaultState", "actualState", "targetCommand", "feedbackCommand", "calendarID",
            "applicationType",
        ),
    ),
    "supply": (
        "ElectricalMeterFunction",
        (
            "totalPower", "totalActiveEnergy", "totalPowerFactor", "supplyVoltage",
            "totalCurrent", "averageCurrent",
        ),
    ),
    "ripple": ("BinarySensorFunction", ("level", "applicationType")),
    "atmosphere": (
        "AtmosphericSensorFunction", ("airTemperature", "relativeHumidity", "atmosphericPressure"),
    ),
    "gas": ("GasSensorFunction", ("gasConcentration", "gasName", "gasOtherName")),
    "noise": ("NoiseMonitoringSensorFunction", ("noise",)),
    "particles": ("ParticulateMatterSensorFunction", ("pm1", "pm2-5", "pm10")),
    "precipitation": ("PrecipitationSensorFunction", ("precipitationRate",)),
    "wind": (
        "WindSensorFunction",
        (
            "windSpeed", "windDirection", "windDirectionString", "windGust", "windGustDirection",
            "maxWindGust", "maxWindGustSince", "applicationType",
        ),
    ),
    "sky": ("SkySensorFunction", ("cloudiness", "visibility")),
    "gully": ("GullySensorFunction", ("overfull", "applicationType")),
    "waterFlow": ("WaterFlowSensorFunction", ("flowRate",)),
    "waterQuality": ("WaterQualitySensorFunction", ("pH", "turbidity", "conductivity")),
    "sign": (
        "TextDisplayActuatorFunction",
        (
            "defaultState", "actualState", "targetCommand", "feedbackCommand", "applicationType",
            "maxXCoordinate", "maxYCoordinate",
        ),
    ),
}  # fmt: skip
_AIR = (
    "atmosphere", "gas", "noise", "particles", "precipitation", "wind", "sky", "gully",
    "waterFlow", "waterQuality",
)  # fmt: skip
_COMMON = ("controller", "link", "node")
CLASSES = {
    CABINET_CLASS: (
        "basic", "cabinet", "cabinetMonitor", "segment", "contactor", "supply", "photocell",
        "ripple", *_COMMON,
    ),
    AIR_CLASS: ("basic", *_AIR, *_COMMON),
    SIGN_CLASS: ("basic", "sign", *_COMMON),
}  # fmt: skip
# Events of nodes, as translate.EVENTS has them.
EVENTS = {
    "door_open": ("cabinetMonitor", "cabinetDoorOpen", True),
    "breaker_tripped": ("segment", "circuitBreakerTripped", True),
    "switching_error_on": ("segment", "switchingErrorOn", True),
    "switching_error_off": ("segment", "switchingErrorOff", True),
    "hand_moved": ("segment", "localOverride", True),
    "overfull": ("gully", "overfull", True),
}
MAINTENANCE = ("basic", "maintenanceMode")
# Why a sensor's attributes have no value now: a JSON object of "function.attribute" and cause.
SENSOR_CAUSES = ("node", "sensorCauses")
# What has no value when the four bits of a chip in `chip_causes` are not 0, lowest first.
CAUSES = (
    ("atmosphere.airTemperature", "atmosphere.relativeHumidity"),
    ("particles.pm1", "particles.pm2-5", "particles.pm10"),
    ("noise.noise",),
)
# The function whose targetCommand a kind of station carries out.
OUTPUTS = {"cabinet": "contactor", "sign": "sign"}
# Quantity: function, attribute, kind, and how many of the wire's units are one of the model's.
QUANTITIES: dict[str, tuple[str, str, str, float]] = {
    "power_w": ("supply", "totalPower", "Float", 1000),
    "energy_wh": ("supply", "totalActiveEnergy", "Float", 1000),
    "voltage_dv": ("supply", "supplyVoltage", "Float", 10),
    "current_ma": ("supply", "totalCurrent", "Float", 1000),
    "factor_milli": ("supply", "totalPowerFactor", "Float", 1000),
    "air_temperature_dc": ("atmosphere", "airTemperature", "Float", 10),
    "humidity_permille": ("atmosphere", "relativeHumidity", "Float", 10),
    "pressure_dhpa": ("atmosphere", "atmosphericPressure", "Float", 10),
    "gas_no2_ppb": ("gas", "gasConcentration", "Float", 1000),
    "noise_ddb": ("noise", "noise", "Float", 10),
    "pm1_dugm3": ("particles", "pm1", "Float", 10),
    "pm2_5_dugm3": ("particles", "pm2-5", "Float", 10),
    "pm10_dugm3": ("particles", "pm10", "Float", 10),
    "precipitation_dmmh": ("precipitation", "precipitationRate", "Integer", 10),
    "wind_dms": ("wind", "windSpeed", "Integer", 10),
    "wind_deg": ("wind", "windDirection", "Integer", 1),
    "gust_dms": ("wind", "windGust", "Integer", 10),
    "gust_deg": ("wind", "windGustDirection", "Integer", 1),
    "cloud_percent": ("sky", "cloudiness", "Integer", 1),
    "visibility_m": ("sky", "visibility", "Integer", 1),
    "flow_mls": ("waterFlow", "flowRate", "Float", 1_000_000),
    "ph_milli": ("waterQuality", "pH", "Float", 1000),
    "turbidity_dntu": ("waterQuality", "turbidity", "Float", 10),
    "conductivity_usm": ("waterQuality", "conductivity", "Float", 1_000_000),
    "door_open": ("cabinetMonitor", "cabinetDoorOpen", "Boolean", 1),
    "breaker_tripped": ("segment", "circuitBreakerTripped", "Boolean", 1),
    "overfull": ("gully", "overfull", "Boolean", 1),
}
