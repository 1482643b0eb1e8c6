"""The TALQ CMS side: a server that gateways call, and a client that calls them.

It decides nothing that fleet.py could. Read `server_io.py` first.
"""

from .certificates_io import Certificates
from .client_io import Callers
from .desired_io import Desired
from .intake_io import alarm_resource, event_resource, tell_alarm
from .server_io import CmsServer

__all__ = [
    "Callers",
    "Certificates",
    "CmsServer",
    "Desired",
    "alarm_resource",
    "event_resource",
    "tell_alarm",
]
