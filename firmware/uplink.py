"""Roads to the network beside the chip's own radio: Ethernet, and a cellular modem by PPP.

Either looks to its board as the radio does: `active`, `connect`, `isconnected`, `ifconfig`, none
of which waits. A modem is dialled in small steps, each time somebody asks whether it is connected;
what it does not answer is tried again, after a while with its power switched off and on.

The commands are those of 3GPP TS 27.007 (network) and ITU-T V.250 (dialling). Cold: a file of its
own in the image, which boards without these parts never load.
"""

_LINE_MAX = 256
_POWER_MS = 2000
_BOOT_MS = 10000
_FAILURES_MAX = 3  # Then the modem is switched off and on.
_AGAIN_MS = 5000
# What is said, what must be in the answer, how long it may take, how often it is tried.
_GREETING = ("AT", "OK", 1000, 10)
_SILENT = ("ATE0", "OK", 2000, 2)
_CARD = ("AT+CPIN?", "+CPIN:", 5000, 3)
_REGISTERED = ("AT+CEREG?", "+CEREG:", 2000, 60)
_PAUSE_MS = 2000
_DIAL = ("ATD*99***1#", "CONNECT", 30000, 1)
_BAD = ("ERROR", "NO CARRIER", "BUSY", "NO DIALTONE")


def run(parts, credentials, tools):
    """The interface of a board with these parts, of which it has one.

    parts: PHY, MDC and MDIO of Ethernet, TX, RX and power of the modem, None where absent;
    credentials: of the card, access point's name and PIN; tools: network, machine and a clock in
    milliseconds.
    """
    network, machine, ticks_ms = tools
    phy, mdc, mdio, tx, rx, power = parts
    if phy is not None:
        lan = network.LAN(
            mdc=machine.Pin(mdc), mdio=machine.Pin(mdio), phy_type=network.PHY_LAN8720,
            phy_addr=phy,
        )  # fmt: skip
        return Ethernet(lan)
    uart = machine.UART(2, baudrate=115200, tx=tx, rx=rx, timeout=0)
    switch = None if power is None else machine.Pin(power, machine.Pin.OUT, value=1)
    return Modem((uart, switch), network.PPP, credentials, ticks_ms)


class Ethernet:
    """A LAN8720 or alike; it has nothing to join."""

    def __init__(self, lan):
        self._lan = lan

    def active(self, on=None):
        """Switch it, or tell whether it is on."""
        if on is not None:
            self._lan.active(on)
        return self._lan.active()

    def connect(self, name, password):
        """Ethernet asks for no name."""

    def isconnected(self):
        """Whether the cable is there and an address was given."""
        return self._lan.isconnected()

    def ifconfig(self):
        """Address, mask, gateway, name server."""
        return self._lan.ifconfig()


class Modem:
    """A modem on a UART; hardware: the UART and the pin of its power, or None."""

    def __init__(self, hardware, ppp_of, credentials, ticks_ms):
        self._uart, self._power = hardware
        self._ppp_of = ppp_of
        self._card = credentials
        self._ticks_ms = ticks_ms
        self._ppp = None
        self._work = None

    def active(self, on=None):
        """Begin to dial, or tell whether that has begun."""
        if on:
            self._work = self._dialled()
        return self._work is not None

    def connect(self, name, password):
        """The card's access point was told when the board was made."""

    def isconnected(self):
        """Whether PPP has an address; goes a step on the way there."""
        if self._work is not None:
            next(self._work)
        return self._ppp is not None and self._ppp.isconnected()

    def ifconfig(self):
        """Address, mask, gateway, name server."""
        return self._ppp.ifconfig()

    def _dialled(self):
        """For ever: dial, watch the connection, and begin anew when it is gone."""
        failures = 0
        while True:
            if (yield from dial(self._uart, self._card, self._ticks_ms)):
                self._ppp = self._ppp_of(self._uart)
                self._ppp.active(True)
                self._ppp.connect()
                lived = yield from self._watched()
                failures = 0 if lived else failures + 1
                self._ppp.active(False)
                self._ppp = None
            else:
                failures += 1
            if failures >= _FAILURES_MAX and self._power is not None:
                failures = 0
                self._power.value(0)
                yield from _wait(_POWER_MS, self._ticks_ms)
                self._power.value(1)
                yield from _wait(_BOOT_MS, self._ticks_ms)
            else:
                yield from _wait(_AGAIN_MS, self._ticks_ms)

    def _watched(self):
        """While PPP lives; returns whether it ever had an address."""
        since_ms = self._ticks_ms()
        lived = False
        while True:
            if self._ppp.isconnected():
                lived, since_ms = True, self._ticks_ms()
            elif _gone_ms(self._ticks_ms(), since_ms) > _DIAL[2]:
                return lived
            yield


def dial(uart, card, ticks_ms):
    """Steps until the modem carries data, which is True, or refuses, False.

    card: the access point's name and the card's PIN, "" for none.
    """
    uart.write(b"+++")  # It may still carry the data of a node that has started again.
    yield from _wait(_PAUSE_MS, ticks_ms)
    if not (yield from _asked(uart, _GREETING, ticks_ms)):
        return False
    if not (yield from _asked(uart, _SILENT, ticks_ms)):
        return False
    answer = yield from _asked(uart, _CARD, ticks_ms)
    if answer and "SIM PIN" in answer and card[1]:
        # Once: a wrong PIN three times locks the card.
        pin = ("AT+CPIN=" + card[1], "OK", 5000, 1)
        answer = (yield from _asked(uart, pin, ticks_ms)) and "READY"
    if not answer or "READY" not in answer:
        return False
    for _ in range(_REGISTERED[3]):
        answer = yield from _asked(uart, (_REGISTERED[0], "OK", 2000, 1), ticks_ms)
        if answer and (",1" in answer or ",5" in answer):  # At home, or roaming.
            break
        yield from _wait(_PAUSE_MS, ticks_ms)
    else:
        return False
    context = ('AT+CGDCONT=1,"IP","' + card[0] + '"', "OK", 5000, 2)
    if not (yield from _asked(uart, context, ticks_ms)):
        return False
    return bool((yield from _asked(uart, _DIAL, ticks_ms)))


def _asked(uart, row, ticks_ms):
    """Say something, as often as the row tells; the answer with what is wanted, or ""."""
    say, wanted, wait_ms, tries = row
    for _ in range(tries):
        uart.read()  # What came before is no answer.
        uart.write(say.encode() + b"\r")
        since_ms = ticks_ms()
        came = ""
        while _gone_ms(ticks_ms(), since_ms) < wait_ms:
            data = uart.read()
            if data:
                came = (came + "".join([chr(byte & 0x7F) for byte in data]))[-_LINE_MAX:]
                if wanted in came and came.endswith("\n"):
                    return came
                if any(bad in came for bad in _BAD):
                    break
            yield
    return ""


def _wait(wait_ms, ticks_ms):
    since_ms = ticks_ms()
    while _gone_ms(ticks_ms(), since_ms) < wait_ms:
        yield


def _gone_ms(now_ms, then_ms):
    return (now_ms - then_ms) & 0x3FFFFFFF
