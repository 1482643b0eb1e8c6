"""What the brain asks its shells to do. The shells do it in this order: store, then send."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class Effects:
    """Filled by the cores, emptied by the shell after each batch.

    `writes`: (name of a statement, its values), one transaction. `frames`: (node id, frame) to
    publish after it. `patches`: (CMS, origin request id, device address) of lamps whose state is
    to be told to the CMS. `bootstrap`: CMSs to announce ourselves to anew.
    """

    writes: list[tuple[str, tuple[object, ...]]] = field(default_factory=list)
    frames: list[tuple[str, bytes]] = field(default_factory=list)
    patches: list[tuple[str, str, str]] = field(default_factory=list)
    bootstrap: list[str] = field(default_factory=list)

    def store(self, statement: str, *values: object) -> None:
        """Ask for one write."""
        self.writes.append((statement, values))

    def send(self, node_id: str, frame: bytes) -> None:
        """Ask for one frame to be published, after the writes are on disk."""
        self.frames.append((node_id, frame))


@dataclass(frozen=True)
class Now:
    """The time as cores are told it: real milliseconds (wrapping at 2^30) for links, domain time
    (POSIX seconds, the world's in a simulation) for everything else, and whether that can be
    trusted enough to set a node's clock by."""

    tick_ms: int
    domain_s: float
    synchronised: bool = True
