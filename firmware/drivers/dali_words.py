"""What the bytes of a DALI driver's memory mean, for the console. Cold.

A file of its own in the image: the console itself is at the edge of what a node has room for.
"""

from protocol import wire


def meaning(content: bytes) -> "list[tuple[str, int]]":
    """Names and numbers of what is known."""
    return wire.driver_facts(content)
