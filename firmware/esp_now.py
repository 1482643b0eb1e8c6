"""Hints to neighbours over the air (ESP-NOW): no access point or broker has a part in them.

Cold: a file of its own in the image, which boards whose file names no channel never load. The
frame is the one of the `near` topic, under the group's key; both roads may bring it, and the first
one counts.
"""

_ALL = b"\xff\xff\xff\xff\xff\xff"


def run(channel):
    """A generator that is sent a frame to tell, or None, and yields one that came, or None.

    channel: that of the city's access points; a station that is joined stays on its own.
    """
    import espnow
    import network

    station = network.WLAN(network.WLAN.IF_STA)
    if not station.isconnected():
        station.config(channel=channel)
    radio = espnow.ESPNow()
    radio.active(True)
    radio.add_peer(_ALL)
    came = None
    while True:
        frame = yield came
        came = None
        try:
            if frame:
                radio.send(_ALL, frame, False)
            came = radio.recv(0)[1]
        except OSError:
            pass  # Its queue is full: the next lamp sees the walker, too.
