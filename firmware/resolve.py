"""A name's address, asked for without waiting: the system's own call stops a node for seconds.

One question of RFC 1035 for an A record, said again twice. Cold: a file of its own in the image,
for most nodes are given their broker's address.
"""

_TRIES = 3
_PAUSE_MS = 2000
_QUESTION = b"\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00"  # Recursion wanted; one question.
_A_IN = b"\x00\x01\x00\x01"
_SIZE_MAX = 512


def question(name, number):
    """The packet that asks for a name; number: two bytes that nobody can guess."""
    packet = bytearray(number)
    packet += _QUESTION
    for label in name.split("."):
        packet.append(len(label))
        packet += label.encode()
    return bytes(packet) + b"\x00" + _A_IN


def address(packet, asked):
    """The first address in an answer to what was asked; "" where there is none.

    None: this is no answer to it (somebody else's, cut, or not well made).
    """
    if len(packet) < len(asked) or packet[:2] != asked[:2] or packet[2] & 0xF8 != 0x80:
        return None
    if bytes(packet[12 : len(asked)]).lower() != asked[12:].lower():
        return None
    at = len(asked)
    for _ in range(packet[6] << 8 | packet[7]):
        at = _after_name(packet, at)
        if at + 10 > len(packet):
            return None
        size = packet[at + 8] << 8 | packet[at + 9]
        if packet[at : at + 4] == _A_IN and size == 4 and at + 14 <= len(packet):
            return "{}.{}.{}.{}".format(*packet[at + 10 : at + 14])
        at += 10 + size
    return ""


def _after_name(packet, at):
    """Where a name ends; beyond the packet when it is cut."""
    while at < len(packet):
        size = packet[at]
        if size >= 0xC0:
            return at + 2
        at += 1 + size
        if not size:
            break
    return at


def run(name, server, number):
    """Yield None until the name server has answered, then the address; end without one.

    server: (address, port), or the interface whose network says whom; number: two random bytes.
    """
    # The interpreter's own clock, as in link_io.py; the reader above runs without all three.
    import select
    import socket

    import utime

    if not isinstance(server, (list, tuple)):
        server = server.ifconfig()[3], 53
    asked = question(name, number)
    there = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        there.setblocking(False)
        there.connect(socket.getaddrinfo(server[0], server[1])[0][-1])
        poller = select.poll()
        poller.register(there, select.POLLIN)
        for _ in range(_TRIES):
            there.send(asked)
            since_ms = utime.ticks_ms()
            while utime.ticks_diff(utime.ticks_ms(), since_ms) < _PAUSE_MS:
                for _ready in poller.ipoll(0):
                    found = address(there.recv(_SIZE_MAX), asked)
                    if found is not None:
                        if found:
                            yield found
                        return
                yield None
    finally:
        there.close()
