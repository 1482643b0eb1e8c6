"""What renew.py is told, (what, a, b), while something that was renewed is not proved."""

# The node starts with something unproved (main.py alone).
START = 0
# A renewal came whole (a: content, b: its upload's generation).
CAME = 1
# The node has joined.
JOINED = 2
# A connection is begun; the answer's `used` has the bit AUTHORITY when both are accepted.
CONNECTING = 3
# The broker refused the password, or its certificate is not good (a: PASSWORD, AUTHORITY).
REFUSED = 4
# Time passes (a: whether the node is joined, b: uptime in s).
TICK = 5

# Bits of what was renewed.
KEY, PASSWORD, AUTHORITY = 1, 2, 4
