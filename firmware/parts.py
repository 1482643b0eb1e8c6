"""What a board may have, in the order of its list (flasher/boards.py makes it of a board file).

Pins by their role first, then numbers about a part, its table's name before it.
"""

PARTS = (
    "pwm", "pwm_frequency_hz",
    "relay", "relay_open", "relay_open_min_s", "relay_closed_min_s",
    "presence", "meter_tx", "meter_rx", "meter_mw_num", "meter_mw_den", "meter_dv_num",
    "meter_dv_den", "meter_wh_counts", "light_scl", "light_sda", "supply",
    "dali_tx", "dali_rx", "dali_bridge_baud",
    "tx", "rx", "modbus_baud", "modbus_rows", "modbus_display", "inputs", "hand_on", "hand_off",
    "sda", "scl", "radar_tx", "radar_rx", "radar_wake", "battery",
    "line_tx", "line_rx", "line_enable", "line_uart", "ethernet_phy", "ethernet_mdc",
    "ethernet_mdio", "modem_tx", "modem_rx", "modem_power",
    "particles_tx", "particles_rx", "particles_rest_s", "noise", "steps",
    "clock", "espnow_channel",
)  # fmt: skip
