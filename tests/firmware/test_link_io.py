"""A node's link loses what it stands on, one after the other, and comes back alone."""

from __future__ import annotations

import functools
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from real_node import Desk, RealNode
from servers import Broker
from tls_rig import Site

from protocol import wire


class NameServer:
    """Answers every question with one address while it speaks."""

    def __init__(self) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self.port = int(self._socket.getsockname()[1])
        self.speaks = False
        self.asked = 0
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            packet, sender = self._socket.recvfrom(512)
            if packet == b"end":
                return
            self.asked += 1
            if self.speaks:
                head = packet[:2] + b"\x81\x80\x00\x01\x00\x01" + bytes(4)
                record = b"\xc0\x0c\x00\x01\x00\x01" + bytes(4) + b"\x00\x04\x7f\x00\x00\x01"
                self._socket.sendto(head + packet[12:] + record, sender)

    def close(self) -> None:
        self._socket.sendto(b"end", ("127.0.0.1", self.port))
        self._thread.join()
        self._socket.close()


@pytest.fixture
def names() -> Iterator[NameServer]:
    made = NameServer()
    yield made
    made.close()


def joins(desk: Desk) -> int:
    return sum(isinstance(message, wire.Hello) for message in desk.got)


def test_each_loss_is_recovered_from_alone(
    tmp_path: Path, mosquitto: Broker, names: NameServer
) -> None:
    told = {"broker": ["broker.test", mosquitto.port, 0, ["127.0.0.1", names.port]]}
    node = RealNode(tmp_path, "lamp", mosquitto.port, told=told)
    node.start()
    desk = Desk(node, mosquitto.port)
    try:
        desk.pump(until=lambda: names.asked >= 2)  # The name server is silent: asked again.
        assert not joins(desk)
        names.speaks = True
        desk.pump(until=lambda: joins(desk) == 1)
        node.pages.link[:] = 0  # The access point goes, and comes.
        desk.pump(1.0)
        before = len(desk.got)
        node.pages.link[:] = 1
        desk.pump(until=lambda: len(desk.got) > before)
        names.speaks = False  # The name server goes, and then the broker for a while.
        desk.close()
        mosquitto.kill()
        mosquitto.start()
        desk = Desk(node, mosquitto.port, desk.session)
        desk.pump(30.0, until=lambda: desk.got)
    finally:
        desk.close()
        node.close()


def test_a_node_speaks_tls_with_the_sites_broker_and_with_no_other(
    tmp_path: Path, mosquitto: Broker
) -> None:
    site, other = Site(tmp_path / "site"), Site(tmp_path / "other")
    for one in (site, other):
        one.issue("cms")
    files = site.files("cms")
    port = mosquitto.speak_tls(files.cert, files.key)
    mosquitto.kill()
    mosquitto.start()
    for name, authority, wanted in (
        ("localhost", site, True), ("localhost", other, False), ("elsewhere", site, False),
    ):  # fmt: skip
        folder = tmp_path / f"{name}-{wanted}"
        folder.mkdir()
        found = x509.load_pem_x509_certificate(authority.files("cms").ca.read_bytes())
        told = {
            "broker": ["127.0.0.1", port, 0, None, name],
            "ca": found.public_bytes(Encoding.DER).hex(),
        }
        node = RealNode(folder, "lamp", port, told=told)
        desk = Desk(node, mosquitto.port)
        node.start()
        try:
            if wanted:
                desk.pump(until=functools.partial(joins, desk))
                state = desk.ask()
                assert state.heap_free_bytes > 0.33 * state.heap_total_bytes
            else:
                desk.pump(2.0)
                assert not joins(desk)
            assert not node.log()
        finally:
            desk.close()
            node.close()
