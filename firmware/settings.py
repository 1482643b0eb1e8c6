"""What was written into a node when it was provisioned: identity, key, broker, pins."""

import json

PATH = "/identity.json"
_NEEDED = ("node_id", "key", "site", "kind", "broker", "password", "board")
_SPREAD_S = 30  # 10,000 nodes: 333 a second.


class SettingsError(Exception):
    """The identity file is missing or not whole; the text says which."""


class Settings:
    """`key` is the node key (32 bytes); `board` maps roles to pins, from boards/*.toml."""

    def __init__(self, said: dict[str, object]) -> None:
        for name in _NEEDED:
            if name not in said:
                raise SettingsError("{}: {} is missing".format(PATH, name))
        self.node_id = said["node_id"]
        self.key = bytes.fromhex(said["key"])
        self.site = said["site"]
        self.kind = said["kind"]
        # Address and port; in how many seconds a dusk's nodes connect; its name's server if told;
        # with TLS whom its certificate names.
        broker = said["broker"]
        broker += [None, None, _SPREAD_S, None, ""][len(broker) :]
        self.host, self.port, self.spread_s, self.name_server, self.tls_name = broker
        self.password = said["password"]
        self.board = said["board"]
        # Group, its key, the lamp's place in the row; a lamp without neighbours has none.
        self.near = said.get("near")
        self.wifi = said.get("wifi", ("", ""))
        self.line = said.get("line")  # Address and baud; link_io.py keeps what it opened here.
        # What was renewed and is not proved by a join yet (renew.py).
        self.unproved = said.get("before", (0,))[0]


def read() -> Settings:
    """The node's settings; SettingsError when there are none."""
    try:
        with open(PATH) as file:
            return Settings(json.load(file))
    except (OSError, ValueError) as error:
        raise SettingsError("{}: {}".format(PATH, error)) from error
