"""The node's end of a simulated pair of wires: a socket to the bus (world/bus.py)."""

import socket


def wired(port):
    """What a UART would be: it can be polled, read and written."""
    made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    made.connect(socket.getaddrinfo("127.0.0.1", port)[0][-1])
    made.setblocking(False)
    made.send(b"")
    return made
