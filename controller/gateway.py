"""The brain of the controller: what comes from nodes and what CMSs ask, turned into effects.

It owns the devices of the site and, for each CMS it is attached to, that CMS's calendars, programs
and loggers. Whatever must survive a power cut is asked to be stored in the same batch, before
anything is sent that depends on it. Commands of a CMS are in control.py, the bootstrap's words in
announce.py; here is the road up, and what time brings.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from protocol import plan, talq, wire

from . import compile as compiler
from . import translate
from .attachment import Attachment
from .beside import Beside
from .devices import Device, Override
from .effects import Effects, Now
from .inputs import Inputs
from .loggers import Logger
from .nodes import NodeEnd, Random, Upload
from .recording import Recording
from .records import Records
from .registry import Registry
from .translate import Value
from .wishes import wanted

_Timed = wire.LampState | wire.BayState | wire.Readings | wire.Why | wire.DriverData
# A node is silent after so many heartbeats of domain time, and at least so much real time.
SILENT_HEARTBEATS = 2.5
SILENT_REAL_MS = 15_000
KEEP_MS = 5000  # Newest values go to the store so often; they would come again anyhow.
# After a restart so many nodes are asked to join in a second: at dusk all of a city is up at once.
JOINS_PER_TICK = 40


class Gateway:
    """One site. `zone` is the zone's bytes for nodes; `effects` is filled by every method."""

    def __init__(
        self, site: plan.Plan, site_key: bytes, zone: bytes, random: Random, beat: tuple[int, int]
    ) -> None:
        self.site = site
        self.since_s = 0.0  # Since when the plan is as it is (D3), POSIX seconds.
        self.effects = Effects()
        self.attachments: dict[str, Attachment] = {}
        self.registry = Registry(site, site_key, zone, beat, random, self.effects)
        self.devices, self._by_node = self.registry.devices, self.registry.by_node
        self.inputs = Inputs(self._known)
        self.records = Records(self.attachments, self.devices, self.effects)
        self.records.allowed = self.may_record
        self.beside = Beside(
            self.devices, self.attachments, self.records, self.effects, self._values
        )
        self.strangers: Counter[str] = Counter()
        self._heartbeat_s = beat[0]
        self._zone = zone
        self._known_events: dict[str, set[int]] = {}
        self._unkept: set[str] = set()  # Devices whose newest values are not in the store yet.
        self._kept_ms = 0

    def configured(self, device: Device, now: Now) -> None:
        """A CMS changed what the node of this device is configured by."""
        device.node.want(wire.UPLOAD_CONFIGURATION, self.configuration(device), now)

    def configuration(self, device: Device) -> Upload:
        """The configuration of a device's node, with what CMSs set (C1: the lightest wins)."""
        return self.registry.configure(device, wanted(self.attachments.values(), device))

    def attachment(self, cms: str) -> Attachment:
        """The CMS's own part; made when it is new."""
        if cms not in self.attachments:
            self.attachments[cms] = Attachment(cms, self.devices, self.site)
        return self.attachments[cms]

    def attached(self, cms: str, now: Now) -> None:
        """A bootstrap has ended: the CMSs that were here before are told (B8)."""
        for uri, attachment in self.attachments.items():
            if uri != cms and attachment.gateway_address:
                source = talq.join_address(attachment.gateway_address, "gateway")
                entry = translate.gateway_entry(
                    source, "newCmsAttached", cms, int(now.domain_s * 1000), None
                )
                self.records.own(uri, entry)

    def invalid(self, device: Device, said: str, now: Now) -> None:
        """Something names what is not here any more; its CMS is told at run time (D9)."""
        at_ms = int(now.domain_s * 1000)
        source = talq.join_address(device.address, "lamp")
        entry = translate.gateway_entry(source, "invalidAddress", said, at_ms, None)
        self.records.own(device.cms, entry)

    # The road up.

    def frame(self, node_id: str, frame: bytes, now: Now) -> None:
        """A frame from the broker, said to be of this node: only its tag tells."""
        devices = self._by_node.get(node_id)
        if not devices:
            self.strangers[node_id if len(self.strangers) < 1000 else "others"] += 1
            return
        node = devices[0].node
        message = node.receive(frame, now)
        if message is None:
            return
        if node.silent:
            node.silent = False
            self._contact(devices, False, now)
        device = devices[0]
        if len(devices) > 1:
            device = next((d for d in devices if d.asset.channel == message.channel), device)
        if isinstance(message, wire.Hello):
            self._greeted(devices, now)
        elif isinstance(message, wire.LampState):
            self._lamp(device, message, now)
        elif isinstance(message, wire.BayState):
            self._bay(device, message, now)
        elif isinstance(message, wire.Readings):
            self.beside.station(device, message, self._measured_ms(message, now), now)
        elif isinstance(message, wire.NodeState):
            values = translate.node_values(message, int(now.domain_s * 1000))
            self._values(device, values, now)
        elif isinstance(message, wire.NodeWear):
            values = translate.wear_values(message, int(now.domain_s * 1000))
            self._values(device, values, now)
        elif isinstance(message, wire.DriverData):
            values = translate.driver_values(message, self._measured_ms(message, now))
            self._values(device, values, now)
        elif isinstance(message, wire.Why):
            before = device.values.get(("node", "reasonChain"))
            said = str(before.value) if before else ""
            at_ms = self._measured_ms(message, now)
            self._values(device, translate.why_values(message, said, at_ms), now)
        elif isinstance(message, wire.Event):
            self._event(device, message, now)
        elif isinstance(message, wire.Ack):
            self._acknowledged(device, message)
            self.beside.outputs.acknowledged(device, message.command_id)
        elif isinstance(message, wire.UploadState):
            self._uploaded(device, message, now)

    def _greeted(self, devices: list[Device], now: Now) -> None:
        """A node has joined: what it should be doing is sent anew."""
        at_ms = int(now.domain_s * 1000)
        for device in devices:
            for override in list(device.overrides.values()):
                override.command_id, override.done = 0, False
            self.push(device, now)
            self.beside.outputs.greeted(device, now)
            values = self._digests(device, at_ms)
            values.append(translate.text_or_number("contact", "ok", at_ms))
            values.append(translate.text_or_number("mains", "on", at_ms))
            self._values(device, values, now)
            self.inputs.renew(device.address)
            table = device.node.uploads.get(wire.UPLOAD_SCHEDULE)
            if table is not None and table.stored:  # Stored, and we fell before we could tell.
                self._assigned(device)

    def _digests(self, device: Device, at_ms: int) -> list[Value]:
        hello, uploads = device.node.hello, device.node.uploads
        found = []
        for kind, name, held in (
            (wire.UPLOAD_SCHEDULE, "schedule", hello.schedule_digest if hello else bytes(8)),
            (wire.UPLOAD_CONFIGURATION, "configuration",
             hello.configuration_digest if hello else bytes(8)),
        ):  # fmt: skip
            wanted = uploads[kind].digest if kind in uploads else held
            found.append(translate.text_or_number(f"{name}Digest", held.hex(), at_ms))
            found.append(translate.text_or_number(f"{name}DigestWanted", wanted.hex(), at_ms))
        return found

    def _measured_ms(self, message: _Timed, now: Now) -> int:
        """When a state held: the node's time if it is synchronised and not ahead of ours."""
        now_ms = int(now.domain_s * 1000)
        if message.quality != wire.TIME_SYNCHRONISED:
            return now_ms
        return min(now_ms, translate.posix_ms(message.day, message.second, 999))

    def _lamp(self, device: Device, message: wire.LampState, now: Now) -> None:
        if device.lamp_type is None:
            return
        said = device.said(message.override_id)
        at_ms = self._measured_ms(message, now)
        before = device.values.get(translate.FEEDBACK)
        self._values(device, translate.lamp_values(message, device.lamp_type, said, at_ms), now)
        after = device.values[translate.FEEDBACK]
        if before is None or before.value != after.value:
            self.records.event(device.address, translate.light_entry(device.address, after))

    def _bay(self, device: Device, message: wire.BayState, now: Now) -> None:
        values = translate.bay_values(message, self._measured_ms(message, now))
        self.beside.bay(device, values, now)

    def _values(self, device: Device, values: list[Value], now: Now) -> None:
        """Keep values, and tell the loggers that want each change."""
        device.keep(values)
        self.inputs.take(device.address)
        self._unkept.add(device.address)
        self.records.values(device.address, values)

    def may_record(self, logger: Logger, now_s: float) -> bool:
        """Whether the active periods of a logger let it record (L6)."""
        if not logger.active_periods:
            return True
        if logger.recording_of is None:
            logger.recording_of = Recording(
                logger.active_periods, self.site, self._zone, self._known
            )
        return logger.recording_of.allows(now_s)

    def _known(self, device: str, function: str, attribute: str) -> object:
        """The newest value of an attribute; None when there is none."""
        found = self.devices.get(device)
        value = found.values.get((function, attribute)) if found else None
        return value.value if value else None

    def _event(self, device: Device, event: wire.Event, now: Now) -> None:
        """An event: stored once, told once, then acknowledged to the node.

        While no CMS records events it is not acknowledged: the node keeps it until one does.
        """
        if not self.records.takes_events:
            return
        if self._is_known(device.node.node_id, event):
            device.node.event_stored(event)
            return
        at_ms = self._event_ms(device, event, now)
        self.effects.store("event", device.node.node_id, event.boot_count, event.number)
        kind = wire.EVENT_NAMES[event.kind] if event.kind < len(wire.EVENT_NAMES) else "unknown"
        self.records.event(
            device.address,
            translate.event_entry(device.address, kind, event.started, at_ms, event.value),
        )
        device.node.event_stored(event)

    def _event_ms(self, device: Device, event: wire.Event, now: Now) -> int:
        """When it happened. Without a clock: by its uptime, if it is of the present boot."""
        now_ms = int(now.domain_s * 1000)
        if event.quality != wire.TIME_NONE:
            return translate.posix_ms(event.day, event.second, event.millis)
        hello = device.node.hello
        if hello is not None and hello.boot_count == event.boot_count:
            return min(now_ms, int(device.node.boot_s * 1000) + event.uptime_ms)
        return now_ms  # Of a boot that never knew the time: when we heard of it.

    def known_event(self, node_id: str, boot: int, number: int) -> None:
        """From the store: this event is there already."""
        self._known_events.setdefault(node_id, set()).add(boot << 32 | number)

    def _is_known(self, node_id: str, event: wire.Event) -> bool:
        key = event.boot_count << 32 | event.number
        known = self._known_events.setdefault(node_id, set())
        if key in known:
            return True
        known.add(key)
        return False

    def _contact(self, devices: list[Device], lost: bool, now: Now) -> None:
        at_ms = int(now.domain_s * 1000)
        word = "silent" if lost else "ok"
        for device in devices:
            self.records.event(
                device.address, translate.contact_entry(device.address, lost, at_ms)
            )
            self._values(device, [translate.text_or_number("contact", word, at_ms)], now)

    # The road down: what was asked, until the node has it.

    def push(self, device: Device, now: Now) -> None:
        """Send every override of a lamp that the node has not acknowledged."""
        for rank, override in list(device.overrides.items()):
            if override.over(now.domain_s) and not override.released:
                device.node.drop(override.command_id)
                self._ended(device, rank, override)
            elif not override.done and not override.command_id:
                message = override.message(device.asset.channel, now.domain_s)
                override.command_id = device.node.command(message, now)

    def _acknowledged(self, device: Device, ack: wire.Ack) -> None:
        for rank, override in list(device.overrides.items()):
            if override.command_id != ack.command_id:
                continue
            override.done = True
            if override.origin:
                self.effects.patches.append((override.cms, override.origin, device.address))
            if override.released or ack.status == wire.ACK_EXPIRED:
                self._ended(device, rank, override)
            else:
                override.former = ()

    def _ended(self, device: Device, rank: str, override: Override) -> None:
        """Its row goes, once the node holds none of those that it replaced either."""
        if not override.release_next():
            self.effects.store("override_gone", device.address, rank)
            del device.overrides[rank]

    def schedule(self, device: Device, table: bytes, now: Now) -> None:
        """From now on the node of this lamp should hold this table."""
        current = device.node.uploads.get(wire.UPLOAD_SCHEDULE)
        digest = compiler.digest(table)
        if current is not None and current.digest == digest and not current.refused:
            return
        generation = (current.generation if current else 0) + 1
        self.effects.store("schedule", device.address, generation, table)
        device.node.want(wire.UPLOAD_SCHEDULE, Upload(generation, digest, table), now)
        self._values(device, self._digests(device, int(now.domain_s * 1000)), now)

    def _uploaded(self, device: Device, state: wire.UploadState, now: Now) -> None:
        if state.kind == wire.UPLOAD_RENEWAL:
            return
        if state.status == wire.UPLOAD_STORED:
            self._values(device, self._digests(device, int(now.domain_s * 1000)), now)
            self.inputs.renew(device.address)
            if state.kind == wire.UPLOAD_SCHEDULE:
                self._assigned(device)
        elif state.status == wire.UPLOAD_BAD_CONTENT:
            at_ms = int(now.domain_s * 1000)
            entry = translate.event_entry(
                device.address, "schedule_refused", wire.INSTANT, at_ms, state.generation
            )
            self.records.event(device.address, entry)

    def _assigned(self, device: Device) -> None:
        """The node holds the table of its calendar: the CMS is told, once since our start."""
        if device.calendar_origin:
            patch = (device.cms, device.calendar_origin, device.address)
            self.effects.patches.append(patch)
            device.calendar_origin = ""

    # What time brings.

    def connected(self) -> None:
        """The broker is there (again): nodes that have not joined are asked at once."""
        for devices in self._by_node.values():
            devices[0].node.expect_join()

    def tick(self, now: Now) -> None:
        """About ten times a second: repetitions, silence, expiry, samples."""
        asked = 0
        for devices in self._by_node.values():
            node = devices[0].node
            if asked < JOINS_PER_TICK and node.ask_again(now):
                asked += 1
            node.tick(now)
            if self._is_silent(node, now):
                node.silent = True
                self._contact(devices, True, now)
            if node.refused.total() != node.refused_told:
                node.refused_told = node.refused.total()
                told = translate.refused_values(node.refused, int(now.domain_s * 1000))
                for device in devices:
                    self._values(device, told, now)
            self.beside.outputs.tick(devices, now)
            for device in devices:
                if device.overrides:
                    self._look_at_overrides(device, now)
        for address, messages in self.inputs.due(now.domain_s):
            self.devices[address].node.tell_inputs(messages)
        if wire.ticks_after(now.tick_ms, self._kept_ms) >= KEEP_MS:
            self._kept_ms = now.tick_ms
            for address in self._unkept:
                values = translate.packed(self.devices[address].values.values())
                self.effects.store("reported", address, values)
            self._unkept.clear()
        self.records.tick(now.domain_s)

    def _is_silent(self, node: NodeEnd, now: Now) -> bool:
        if node.silent:
            return False
        if node.heard_ms < 0:
            node.heard_ms, node.heard_s = now.tick_ms, now.domain_s
            return False
        real_ms = wire.ticks_after(now.tick_ms, node.heard_ms)
        gone_s = now.domain_s - node.heard_s
        return real_ms > SILENT_REAL_MS and gone_s > SILENT_HEARTBEATS * self._heartbeat_s

    def _look_at_overrides(self, device: Device, now: Now) -> None:
        """Expired ones go; ones that a node never got are told as silent, once."""
        self.push(device, now)
        for override in device.overrides.values():
            if override.asked_ms < 0:
                override.asked_ms = now.tick_ms
            waited_ms = wire.ticks_after(now.tick_ms, override.asked_ms)
            if override.done or override.said_silent or waited_ms < 2 * SILENT_REAL_MS:
                continue
            override.said_silent = True
            device.keep([translate.text_or_number("contact", "silent", int(now.domain_s * 1000))])
            if override.origin:
                self.effects.patches.append((override.cms, override.origin, device.address))

    def refused(self) -> Mapping[str, int]:
        """Frames refused since the start, by reason, over all nodes."""
        total: Counter[str] = Counter()
        for devices in self._by_node.values():
            total += devices[0].node.refused
        if self.strangers:
            total["stranger"] = sum(self.strangers.values())
        return total
