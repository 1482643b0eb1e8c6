"""The air between nodes: what one says, the world's air brings to the others (world/air.py)."""

import select
import socket

import network

_FRAME_MAX = 250


class ESPNow:
    """A radio that hears and is heard by all; the world decides who is near."""

    def __init__(self):
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.connect(socket.getaddrinfo("127.0.0.1", network.WLAN.id)[0][-1])
        self._poll = select.poll()
        self._poll.register(self._socket, select.POLLIN)

    def active(self, on):
        """Switch it on, by which the air knows of it."""
        self._socket.send(b"")

    def add_peer(self, address):
        """Everybody is heard anyway."""

    def send(self, address, frame, sync):
        """Say something; nobody acknowledges."""
        self._socket.send(frame)

    def recv(self, timeout_ms):
        """Who said what, or twice None."""
        for _ in self._poll.ipoll(0):
            return b"", self._socket.recv(_FRAME_MAX)
        return None, None
