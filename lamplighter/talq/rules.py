"""The rules that schemas cannot express, by number: what the rows of a check are called."""

from __future__ import annotations

# Groups in the order of the table.
GROUPS = {
    "T": "Transport", "B": "Bootstrap", "D": "Devices", "G": "Groups", "C": "Control",
    "L": "Data collection", "P": "Packages",
}  # fmt: skip

RULES = {
    "T1": "base URI with and without its final slash",
    "T2": "clientAddress and talq-api-version are asked for",
    "T3": "another minor version is served, another major refused",
    "T4": "each request has a fresh talqRequestId",
    "T5": "JSON in UTF-8 with a Content-Length",
    "T6": "gzip and deflate both ways, anything else 415",
    "T7": "errors are lists of TALQErrorMessage",
    "T8": "400, 404, 409 and 422 each in its place",
    "T9": "a list with one bad element changes nothing",
    "T10": "what a vendor adds is kept and given back",
    "T11": "reserved characters in identifiers",
    "T12": "each sees and touches its own only",
    "T13": "PUT replaces, PATCH merges",
    "T14": "read-only attributes are accepted and ignored",
    "B1": "announcement, and the addresses that answer it",
    "B2": "class and values of the gateway device",
    "B3": "the CMS sets cmsAddress at the gateway",
    "B4": "services, then the remaining classes",
    "B5": "nothing else before the bootstrap has ended",
    "B6": "classes grow and never shrink",
    "B7": "resync: forget, and bootstrap again",
    "B8": "a second CMS raises newCmsAttached",
    "B9": "a restart carries on without a new bootstrap",
    "D1": "devices are of announced classes",
    "D2": "the CMS creates a device at the gateway",
    "D3": "devices, functions and attributes are read, by scope, with timestamps",
    "D4": "a measurement is read on demand",
    "D5": "offset and limit page the list of devices",
    "D6": "configuration changed on one side reaches the other",
    "D7": "reboot and resets wait for commandConfirmation",
    "D8": "nothing that is referred to can be deleted",
    "D9": "nothing refers to what the other has not been sent",
    "G1": "members of groups, nested, without cycles",
    "G2": "a group is resolved when it is used",
    "C1": "override, then program, then default",
    "C2": "calendars: rules with dates and conditions",
    "C3": "dayOffset",
    "C4": "active periods of every kind",
    "C5": "fixed times in strictly increasing order",
    "C6": "astro-clock times and dynamic controls",
    "C7": "local time and daylight saving",
    "C8": "ramps",
    "C9": "override and release",
    "C10": "assignments are checked and taken away",
    "C11": "an accepted command is told of later, with its origin",
    "C12": "asked, in effect and physical state are three things",
    "C13": "announced limits are enforced",
    "L1": "loggers are configured and report",
    "L2": "each entry is acknowledged once, retried until then",
    "L3": "large logs come in several reports",
    "L4": "what is not reported yet can be read at once",
    "L5": "startEndFlag of events that last",
    "L6": "recording has active periods",
    "P1": "an update is started and told of",
}


def group_of(number: str) -> str:
    """The group of a rule."""
    return GROUPS[number[0]]
