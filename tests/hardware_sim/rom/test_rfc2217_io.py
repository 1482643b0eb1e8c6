"""The network port: order of bytes and lines, and clients that talk nonsense."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager

from hypothesis import given, settings
from hypothesis import strategies as st

from hardware_sim.rom.rfc2217_io import Client

DTR_ON = b"\xff\xfa\x2c\x05\x08\xff\xf0"
RTS_ON = b"\xff\xfa\x2c\x05\x0b\xff\xf0"


@contextmanager
def connected() -> Iterator[tuple[socket.socket, Client, list[object]]]:
    """(the host's end, the client, what the board was told)."""
    host, end = socket.socketpair()
    told: list[object] = []
    client = Client(
        end, told.append, lambda dtr, rts: told.append((dtr, rts)), told.append, told.clear
    )
    try:
        yield host, client, told
    finally:
        host.close()
        end.close()


def test_bytes_and_lines_keep_their_order() -> None:
    with connected() as (host, client, told):
        host.sendall(b"before" + DTR_ON + b"between\xff\xff" + RTS_ON + b"after")
        assert client.read()
    assert told == [b"before", (True, False), b"between\xff", (True, True), b"after"]


def test_the_rate_is_told_to_the_board() -> None:
    with connected() as (host, client, told):
        host.sendall(b"\xff\xfa\x2c\x01\x00\x07\x08\x00\xff\xf0")
        assert client.read()
    assert told == [460_800]


def test_bytes_to_the_host_are_escaped() -> None:
    with connected() as (host, client, _):
        client.flush()
        host.recv(4096)
        client.send(b"a\xffb")
        assert client.flush()
        assert host.recv(4096) == b"a\xff\xffb"


def test_an_option_without_end_ends_the_connection() -> None:
    with connected() as (host, client, _):
        host.sendall(b"\xff\xfa\x2c" + b"x" * 1000)
        assert not client.read()


@settings(deadline=None, max_examples=150)
@given(st.lists(st.binary(max_size=30) | st.sampled_from([b"\xff\xfa\x2c", b"\xff\xf0", DTR_ON])))
def test_no_client_breaks_the_port(parts: list[bytes]) -> None:
    with connected() as (host, client, _):
        host.sendall(b"".join(parts) + b"\xff\xf0")
        # Either it is understood or the client is dropped; nothing is raised.
        client.read()
        client.flush()
