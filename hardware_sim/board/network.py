"""The access point on paper: heard while the world says so."""

from .layout import LINK
from .simpage import WORD, words


class WLAN:
    """A station that is connected while the link is up."""

    IF_STA = 0
    id = 0  # Where the simulated air is; a real station has a channel there.

    def __init__(self, interface):
        self._active = False

    def active(self, on=None):
        """Switch the radio, or tell whether it is on."""
        if on is not None:
            self._active = on
        return self._active

    def connect(self, ssid, password):
        """Join; takes no time here."""

    def config(self, channel):
        """Choose a channel."""
        WLAN.id = channel

    def ifconfig(self):
        """Address, mask, gateway, name server, as DHCP would have told."""
        return "127.0.0.1", "255.0.0.0", "127.0.0.1", "127.0.0.1"

    def status(self, what):
        """How well the access point is heard."""
        if what != "rssi":
            raise ValueError(what)
        return -61

    def isconnected(self):
        """Whether the access point is heard."""
        return bool(self._active and words[LINK // WORD])
