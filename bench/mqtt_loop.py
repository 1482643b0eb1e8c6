"""Publishes to a broker what it is subscribed to, with QoS 1, under MicroPython.

`micropython mqtt_loop.py ours|umqtt ROMFS PORT COUNT` prints, as JSON, the bytes of memory that
the client holds once it is connected, the bytes that a message leaves to the collector, and
messages a second. Both clients run from a ROMFS image, as on a node.
"""

import gc
import json
import select
import socket
import sys
import time

import vfs

TOPIC, PAYLOAD = "bench/up", bytes(48)
WINDOW = 8
TICKS = 0x3FFFFFFF
QUIET_MS = 100
NO_DELAY = (6, 1, 1)  # IPPROTO_TCP, TCP_NODELAY


class Ours:
    """A blocking shell over protocol/mqtt."""

    def __init__(self, port):  # type: ignore[no-untyped-def] # MicroPython's side has no types
        from protocol.mqtt import session

        self.kinds = session
        self.got = 0
        self.socket = socket.socket()
        self.socket.connect(socket.getaddrinfo("127.0.0.1", port)[0][-1])
        self.socket.setsockopt(*NO_DELAY)
        self.poller = select.poll()
        self.poller.register(self.socket, select.POLLIN)
        self.session = session.Session("bench-ours", bounds=(512, WINDOW))
        self.session.begin(0)
        while self.session.state != session.OPEN:
            self.turn()
        self.session.subscribe((TOPIC, 1))
        self.turn()

    def turn(self):  # type: ignore[no-untyped-def] # MicroPython's side has no types
        """Write what is to be written, and take what comes within a moment."""
        data = self.session.take()
        if data:
            self.socket.write(data)
        for _ in self.poller.ipoll(QUIET_MS):
            self.session.receive(self.socket.recv(256), time.ticks_ms() & TICKS)
        for kind, _, _, number, _ in self.session.events:
            if kind == self.kinds.MESSAGE:
                self.got += 1
                self.session.acknowledge(number)
        self.session.events.clear()

    def run(self, count):  # type: ignore[no-untyped-def] # MicroPython's side has no types
        """Publish so many, and take them all back."""
        sent, wanted = 0, self.got + count
        while self.got < wanted or self.session.under_way:
            while sent < count and not self.session.full:
                self.session.publish(TOPIC, PAYLOAD)
                sent += 1
            self.turn()


class Theirs:
    """The same over umqtt.simple, whose publish waits for its acknowledgement."""

    def __init__(self, port):  # type: ignore[no-untyped-def] # MicroPython's side has no types
        from umqtt.simple import MQTTClient

        self.got = 0
        self.client = MQTTClient("bench-theirs", "127.0.0.1", port, keepalive=60)
        self.client.set_callback(self.take)
        self.client.connect()
        # Else each of its small writes waits for the last one's acknowledgement, 40 ms long.
        self.client.sock.setsockopt(*NO_DELAY)
        self.client.subscribe(TOPIC, 1)

    def take(self, topic, payload):  # type: ignore[no-untyped-def] # MicroPython's has no types
        """A message came."""
        self.got += 1

    def run(self, count):  # type: ignore[no-untyped-def] # MicroPython's side has no types
        """Publish so many, and take them all back."""
        wanted = self.got + count
        for _ in range(count):
            self.client.publish(TOPIC, PAYLOAD, qos=1)
        while self.got < wanted:
            self.client.wait_msg()


def main(name, image, port, count):  # type: ignore[no-untyped-def] # no types here
    """Measure one client."""
    with open(image, "rb") as file:
        memory = memoryview(file.read())
    vfs.mount(vfs.VfsRom(memory), "/rom")
    sys.path.insert(0, "/rom")
    gc.collect()
    before = gc.mem_alloc()
    client = (Ours if name == "ours" else Theirs)(port)
    client.run(20)  # What is made once is there.
    gc.collect()
    held = gc.mem_alloc() - before
    gc.disable()
    start = gc.mem_alloc()
    client.run(100)
    litter = (gc.mem_alloc() - start) / 100
    gc.enable()
    gc.collect()
    begin_us = time.ticks_us()
    client.run(count)
    spent_us = time.ticks_diff(time.ticks_us(), begin_us)
    said = {"held": held, "litter": litter, "per_s": count * 1e6 / spent_us}
    print(json.dumps(said))


main(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
