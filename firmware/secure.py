"""TLS for a node's link: the broker shows a certificate of the site's authority, and its name.

A certificate is judged by the board's calendar. A node that starts without a clock judges by the
last day that it knew: a broker that is gone from service since is found out once the time frame
of the join, sealed under the node's key, has told the day; the link then shakes hands again.

Cold: a file of its own in the image. The authority is in the identity file, as DER in hex.
"""

import gc
import json

_IDENTITY = "/identity.json"


def run(socket, name, day, second, former):
    """A connected socket as one that speaks TLS; the handshake goes on as it is read and written.

    name: whom the certificate must name; day, second: the calendar, day 0 where nothing is known;
    former: whether the authority from before a renewal is as good as the new one.
    ValueError from the socket when the certificate is not good.
    """
    import machine
    import tls

    if day:
        _set_calendar(getattr(machine.RTC(), "datetime", None), day, second)
    gc.collect()  # The context of the last connection leaves just the room that this one wants,
    context = tls.SSLContext(tls.PROTOCOL_TLS_CLIENT)  # in one piece: it comes first.
    with open(_IDENTITY) as file:
        said = json.load(file)
    context.verify_mode = tls.CERT_REQUIRED
    context.load_verify_locations(bytes.fromhex(said.get("ca", "")))
    if former:
        context.load_verify_locations(bytes.fromhex(said["before"][3]))
    return context.wrap_socket(socket, server_hostname=name, do_handshake_on_connect=False)


def _set_calendar(calendar, day, second):
    """Put the node's time into the chip's calendar, by which TLS judges; days from 2000-01-01."""
    if calendar is None:
        return  # A simulated board judges by its machine's.
    import utime

    year, month, date, hour, minute, rest, weekday, _ = utime.gmtime(day * 86400 + second)
    calendar((year, month, date, weekday, hour, minute, rest, 0))
