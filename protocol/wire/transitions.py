"""The join, as two tables: here the node's, in controller_end/ the controller's view of a node.

The node asks with a fresh nonce (JoinRequest), the controller answers with its own nonce and the
time (JoinAccept); both are tagged with the node key. From both nonces each side derives the
session key; counters of both directions start at 0. The node's next frame, a Hello under the new
key, proves that it holds it, and only then does the controller let go of the former session. So

- a frame of an earlier evening is refused after a reboot of either side (another session key);
- a replayed JoinRequest costs the controller one answer and changes nothing, for whoever sent it
  cannot say the Hello;
- a replayed JoinAccept is refused, for it does not carry the node's newest nonce, and with it any
  old time;
- a controller that lost everything says JoinNeeded and is joined again. A replayed JoinNeeded
  makes a node join once more, at most every REJOIN_MS_MIN.

Not in the tables: asking again while nothing answers (session.py, with a growing pause), and a
worn-out counter, which makes the node join anew.
"""

# States of a node's session.
OFFLINE = "offline"
JOINING = "joining"
JOINED = "joined"

# Inputs of a node's session.
LINK_UP = "link_up"
LINK_DOWN = "link_down"
ACCEPTED = "accepted"
REJOIN = "rejoin"

# (state, input) -> state. What is not here changes nothing.
NODE = (
    (OFFLINE, LINK_UP, JOINING),
    (JOINING, ACCEPTED, JOINED),
    (JOINING, LINK_DOWN, OFFLINE),
    (JOINED, REJOIN, JOINING),
    # The session outlives a lost connection: its keys and counters are still good.
    (JOINED, LINK_DOWN, JOINED),
    (JOINED, LINK_UP, JOINED),
)


def follow(table: tuple[tuple[str, str, str], ...], state: str, given: str) -> str:
    """The next state; the same when the table has no such row."""
    for before, cause, after in table:
        if before == state and cause == given:
            return after
    return state
