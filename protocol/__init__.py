"""What crosses wires. A sign only: it imports nothing, so that a node never loads TALQ.

Rooms: `wire` (node and controller), `schedule` (what a schedule means), `mqtt` (the transport's
core), `talq` (controller and CMS), `plan` (the installation plan), `worldclock` (simulated time).
Start with `wire/messages.py`.
"""
