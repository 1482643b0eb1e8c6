"""Words of the console for the numbers of the wire; made by `python -m tools.wire_doc`.

Cold: a file of its own in the image, for a linked programme has no names.
"""

# fmt: off
# How a row is packed, and its fields, by its number.
ROWS = {
    4: (
        "<HIBBBBBIIHBIHiB day second quality level_percent target_percent reason faults power_mw "
        "energy_wh voltage_dv presence burning_min override_id lux_dx dark"
    ),
    5: (
        "<HIBBBHIBHBii day second quality state confidence_percent since_day since_second "
        "overstayed stay_min radar far_nt temperature_dc"
    ),
    10: (
        "<HIB day second quality"
    ),
    2: (
        "<IIBBBB8s8sIII boot_count uptime_ms wire_version schedule_version configuration_version "
        "channels schedule_digest configuration_digest schedule_generation "
        "configuration_generation firmware_version"
    ),
    9: (
        "<HIBIIIHHHBI day second quality uptime_ms heap_free_bytes heap_total_bytes refused "
        "events_waiting events_lost reset_cause boot_count"
    ),
    15: (
        "<HiiI clock_error_s drift_ppm temperature_dc switch_count"
    ),
}
REASONS = (
    "default calendar program astro dynamic override floor feeder_off boot"
)
RULES = (
    "default calendar program astro dynamic override floor feeder_off boot near clo derated relay"
    " lowest hand"
)
EVENTS = (
    "none node_started lamp_failure bay_occupied bay_vacant presence schedule_stored "
    "configuration_stored schedule_refused clock_set meter_silent detector_silent events_lost "
    "power_too_high supply_lost door_open breaker_tripped switching_error_on switching_error_off "
    "hand_moved overfull overstay day_burner lamp_cycling gear_failure dimming_failure "
    "power_too_low voltage_low voltage_high overheated detector_stuck"
)
QUANTITIES = (
    "none door_open breaker_tripped contactor_wanted contactor_on hand power_w energy_wh "
    "voltage_dv current_ma factor_milli air_temperature_dc humidity_permille pressure_dhpa "
    "gas_no2_ppb noise_ddb pm1_dugm3 pm2_5_dugm3 pm10_dugm3 precipitation_dmmh wind_dms wind_deg "
    "cloud_percent visibility_m overfull flow_mls ph_milli turbidity_dntu conductivity_usm text_0"
    " text_1 text_2 text_3 gust_dms gust_deg chip_causes dark twilight ripple"
)
BAYS = (
    "unknown vacant occupied"
)
