"""Chips beside the ESP32, one file each. They know registers and nothing of lamps or bays."""
