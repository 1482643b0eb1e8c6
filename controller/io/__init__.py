"""The controller's shells: MQTT, TALQ server and client, SQLite. They decide nothing.

Read `store_io.py` first: whatever is sent or acknowledged was stored before.
"""
