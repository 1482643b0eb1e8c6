# mypy: ignore-errors
"""A modem that is dialled in small steps, and Ethernet, behind one face."""

from firmware import uplink


class Card:
    """A modem on a UART, as far as nothing is broken."""

    def __init__(self, **broken):
        self.broken = broken
        self.said = []
        self.out = b""
        self.pin_given = False
        self.polls = 0

    def write(self, data):
        line = data.decode().strip()
        self.said.append(line)
        answer = self.answer(line)
        self.out += answer if isinstance(answer, bytes) else answer.encode()
        return len(data)

    def answer(self, line):
        broken = self.broken
        if broken.get("mute") or line == "+++":
            return ""
        if broken.get("noise"):
            return bytes((0xFF, 0x00, 0xC3)) * 40
        if line == "AT+CPIN?":
            if broken.get("no_card"):
                return "\r\n+CME ERROR: 10\r\n"
            locked = broken.get("pin") and not self.pin_given
            return "\r\n+CPIN: {}\r\n\r\nOK\r\n".format("SIM PIN" if locked else "READY")
        if line.startswith("AT+CPIN="):
            self.pin_given = line == "AT+CPIN=" + broken["pin"]
            return "\r\nOK\r\n" if self.pin_given else "\r\nERROR\r\n"
        if line == "AT+CEREG?":
            self.polls += 1
            state = 5 if self.polls > broken.get("polls", 1) else 2
            return f"\r\n+CEREG: 0,{state}\r\n\r\nOK\r\n"
        if line.startswith("ATD"):
            return "\r\nNO CARRIER\r\n" if broken.get("no_carrier") else "\r\nCONNECT 115200\r\n"
        return "\r\nOK\r\n"

    def read(self):
        data, self.out = self.out, b""
        return data or None


class Clock:
    """Real time that goes on a little with each look."""

    def __init__(self):
        self.now = 0x3FFFFF00  # It goes round in the middle.

    def __call__(self):
        self.now = (self.now + 100) & 0x3FFFFFFF
        return self.now


class Ppp:
    """PPP that has an address while the world says so."""

    up = True
    made = 0

    def __init__(self, uart):
        Ppp.made += 1
        self.on = False

    def active(self, on):
        self.on = on

    def connect(self):
        pass

    def isconnected(self):
        return self.on and Ppp.up

    def ifconfig(self):
        return ("10.64.0.2", "255.255.255.255", "10.64.0.1", "10.64.0.1")


class Switch:
    """The pin of the modem's power."""

    def __init__(self):
        self.turns = []

    def value(self, level):
        self.turns.append(level)


def dialled(card, pin=""):
    """What dialling comes to, and what was said."""
    steps = uplink.dial(card, ("iot.example", pin), Clock())
    for _ in range(100000):
        try:
            next(steps)
        except StopIteration as end:
            return end.value
    raise AssertionError("it never ends")


def test_a_good_modem_is_registered_and_dialled():
    card = Card(polls=3)
    assert dialled(card) is True
    assert 'AT+CGDCONT=1,"IP","iot.example"' in card.said and card.said[-1] == "ATD*99***1#"


def test_a_pin_is_given_once_and_only_where_it_is_asked_for():
    card = Card(pin="1234")
    assert dialled(card, "1234") is True
    assert card.said.count("AT+CPIN=1234") == 1
    card = Card(pin="9999")
    assert dialled(card, "1234") is False
    assert card.said.count("AT+CPIN=1234") == 1  # A second wrong one might lock the card.
    assert dialled(Card(pin="9999")) is False
    assert "AT+CPIN=1234" not in Card().said and dialled(Card(), "1234") is True


def test_whatever_is_broken_ends_the_try():
    for broken in ({"mute": 1}, {"noise": 1}, {"no_card": 1}, {"polls": 1000}, {"no_carrier": 1}):
        assert dialled(Card(**broken)) is False, broken


def turned(modem, turns):
    found = False
    for _ in range(turns):
        found = modem.isconnected()
    return found


def test_a_lost_connection_is_dialled_again_and_a_dead_modem_switched_off_and_on():
    card, switch = Card(), Switch()
    modem = uplink.Modem((card, switch), Ppp, ("iot.example", ""), Clock())
    Ppp.up, Ppp.made = True, 0
    assert not modem.isconnected() and not modem.active()
    modem.active(True)
    modem.connect("", "")
    assert modem.active() and turned(modem, 2000)
    assert modem.ifconfig()[3] == "10.64.0.1"
    Ppp.up = False
    assert not turned(modem, 500)
    Ppp.up = True
    assert turned(modem, 3000) and Ppp.made >= 2 and switch.turns == []
    Ppp.up, card.broken = False, {"mute": 1}
    turned(modem, 5000)
    assert switch.turns[:2] == [0, 1]
    Ppp.up, card.broken = True, {}
    assert turned(modem, 5000)


class Lan:
    """The port of a board with a PHY."""

    def __init__(self, **parts):
        self.parts = parts
        self.on = False

    def active(self, on=None):
        if on is not None:
            self.on = on
        return self.on

    def isconnected(self):
        return self.on

    def ifconfig(self):
        return ("10.0.0.2", "255.0.0.0", "10.0.0.1", "10.0.0.1")


class Network:
    LAN, PPP, PHY_LAN8720 = Lan, Ppp, 1


class Pin:
    OUT = 1

    def __init__(self, number, mode=None, value=None):
        self.number = number


class Machine:
    Pin = Pin

    def UART(number, **words):  # as MicroPython calls it
        return Card()


def test_the_parts_of_a_board_say_which_road_it_takes():
    tools = (Network, Machine, Clock())
    wired = uplink.run((1, 23, 18, None, None, None), ("", ""), tools)
    assert not wired.isconnected()
    wired.active(True)
    wired.connect("", "")
    assert wired.isconnected() and wired.ifconfig()[3] == "10.0.0.1"
    modem = uplink.run((None, None, None, 17, 16, 4), ("iot.example", ""), tools)
    assert not modem.active()
