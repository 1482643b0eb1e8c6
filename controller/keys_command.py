"""`lamplighter pki revoke|renew|status|passwords`: keys of nodes, also over the air."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from protocol import plan
from protocol.wire import controller_end

from . import renewals
from .keys import node_key
from .receipts import NAME, RefusedError
from .receipts_command import now_text, opened
from .renewals import AUTHORITY, DONE, FAILED, KEY, PASSWORD, Asked, Renewal, Renewals
from .settings import Settings
from .streets import neighbours

app = typer.Typer(add_completion=False, no_args_is_help=True, help="Keys of nodes.")
_Config = Annotated[Path, typer.Option("--config", help="Settings (docs/settings.md).")]
_CONFIG = Path("controller.toml")
_AtOnce = Annotated[int, typer.Option(min=1, max=1000, help="Nodes at once.")]
_Node = Annotated[list[str] | None, typer.Option(help="Of this node; repeatable.")]
# A node takes it in hex and in one piece; more was not seen to find room (decision 0005).
_CA_SIZE_MAX = 900


@app.command("revoke")
def revoke_command(
    laptop: Annotated[str, typer.Option(help="End a laptop and the keys it holds.")] = "",
    node: Annotated[str, typer.Option(help="End the key of one node.")] = "",
    now: Annotated[
        bool,
        typer.Option(
            "--now", help="Refuse keys of nodes in the street at once, not when renewed."
        ),
    ] = False,
    at_once: _AtOnce = renewals.AT_ONCE,
    config: _Config = _CONFIG,
) -> None:
    """End a laptop or a node's key. Nodes in the street get their next keys over the air."""
    if bool(laptop) == bool(node):
        raise typer.BadParameter("either --laptop or --node")
    asked = Asked((KEY,), now_text(), at_once=at_once)
    with opened(config) as (settings, receipts):
        if laptop:
            ended, renewed = receipts.revoke_laptop(laptop, asked, at_once=now)
            print(f"{laptop} is revoked: {len(ended)} keys ended; its receipts are refused")
            if renewed:
                print(f"{len(renewed)} nodes in the street get their next keys over the air:")
                print(
                    "their old ones end one by one; `lamplighter pki status` tells how far it is"
                )
            _ask_near(settings, asked, receipts.given_to(laptop))
            return
        _check((node,))
        if now:
            number = receipts.revoke_node(node)
            print(f"{node}: its key is ended; the next one has number {number}. Flash it anew.")
        else:
            _ask(settings, (node,), asked)
            print(f"{node}: its key ends as soon as it has joined under the next one")
        _ask_near(settings, asked, [node], but=node if now else "")


def _check(nodes: tuple[str, ...]) -> None:
    for one in nodes:
        if not plan.is_node_id(one):
            raise typer.BadParameter("12 hex digits", param_hint="--node")


def _ask(settings: Settings, nodes: tuple[str, ...], asked: Asked) -> None:
    store = Renewals(settings.data / NAME)
    try:
        store.ask(nodes, asked)
    finally:
        store.close()


def _ask_near(
    settings: Settings, asked: Asked, nodes: list[str] | None = None, but: str = ""
) -> None:
    """Another key of hints for all lamps in the streets of these nodes; but: not for this one."""
    streets = {
        street: [lamp for lamp in lamps if lamp != but]
        for street, lamps in neighbours(plan.load(settings.plan), nodes).items()
    }
    store = Renewals(settings.data / NAME)
    try:
        store.ask_near(streets, asked)
    finally:
        store.close()
    if streets:
        count = sum(map(len, streets.values()))
        print(f"{count} lamps get another key for hints: streets {', '.join(streets)}")


@app.command("renew")
def renew_command(
    node: _Node = None,
    everyone: Annotated[bool, typer.Option("--all", help="Of all nodes of the plan.")] = False,
    ca: Annotated[Path | None, typer.Option(help="PEM of the broker's next authority.")] = None,
    password: Annotated[bool, typer.Option("--password", help="Its password, too.")] = False,
    at_once: _AtOnce = renewals.AT_ONCE,
    config: _Config = _CONFIG,
) -> None:
    """Renew nodes' keys, or with --ca alone the authority that they trust, over the air."""
    if bool(node) == everyone:
        raise typer.BadParameter("either --node or --all")
    _check(tuple(node or ()))
    parts = (*((KEY,) if ca is None or password else ()), *((PASSWORD,) if password else ()),
             *((AUTHORITY,) if ca else ()))  # fmt: skip
    with opened(config) as (settings, _):
        asked = Asked(parts, now_text(), _der(ca) if ca else "", at_once)
        nodes = tuple(node or _of_plan(settings))
        _ask(settings, nodes, asked)
        if everyone and KEY in parts:
            _ask_near(settings, asked)
    print(f"{len(nodes)} nodes are told over the air, {at_once} at once: {', '.join(parts)}")


def _der(path: Path) -> str:
    """The certificate of an authority as nodes keep it."""
    try:
        found = x509.load_pem_x509_certificate(path.read_bytes())
    except ValueError as error:
        raise RefusedError(f"{path}: no certificate in PEM: {error}") from error
    try:
        is_authority = found.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except x509.ExtensionNotFound:
        is_authority = False
    if not is_authority:
        raise RefusedError(f"{path}: not the certificate of an authority")
    der = found.public_bytes(Encoding.DER)
    if len(der) > _CA_SIZE_MAX:
        raise RefusedError(f"{path}: {len(der)} bytes, at most {_CA_SIZE_MAX} reach a node")
    return der.hex()


def _of_plan(settings: Settings) -> list[str]:
    return sorted({asset.node_id for asset in plan.load(settings.plan).assets})


@app.command("status")
def status_command(config: _Config = _CONFIG) -> None:
    """Nodes by the generation of their keys: renewed, waiting since when, failed, or old."""
    with opened(config) as (settings, _):
        store = Renewals(settings.data / NAME)
        try:
            keys, rows = store.keys(), {row.node_id: row for row in store.rows()}
        finally:
            store.close()
        nodes = sorted({*_of_plan(settings), *keys, *rows})
        for line in _lines(nodes, keys, rows):
            print(line)


def _lines(
    nodes: list[str], keys: dict[str, tuple[int, int]], rows: dict[str, Renewal]
) -> Iterator[str]:
    count = dict.fromkeys(("renewed", "waiting", "failed", "old"), 0)
    for node_id in nodes:
        held, wanted = keys.get(node_id, (0, 0))
        row = rows.get(node_id)
        said = f" ({row.state}{': ' + row.why if row.why else ''})" if row else ""
        if row is not None and row.state == FAILED:
            word, told = "failed", f"failed{said}"
        elif row is not None and row.state != DONE:
            word, told = "waiting", f"waiting since {row.asked_at}{said}: {row.parts}"
        else:
            word = told = "renewed" if row is not None or wanted else "old"
        count[word] += 1
        number = f"generation {held}" + (f" -> {wanted}" if held != wanted else "")
        yield f"{node_id}  {number:18}  {told}"
    yield ", ".join(f"{number} {word}" for word, number in count.items())


@app.command("passwords")
def passwords_command(
    out: Annotated[Path, typer.Option(help="File to write, for the broker alone.")],
    config: _Config = _CONFIG,
) -> None:
    """Write what nodes say at the broker, as NAME:PASSWORD for `mosquitto_passwd -U`."""
    with opened(config) as (settings, _):
        store = Renewals(settings.data / NAME)
        try:
            numbers, keys = store.passwords(), store.keys()
        finally:
            store.close()
        lines = []
        for node_id in _of_plan(settings):
            key = node_key(
                settings.site_key, node_id, numbers.get(node_id, keys.get(node_id, (0, 0))[1])
            )
            lines.append(f"{node_id}:{controller_end.mqtt_password(key)}\n")
        part = out.with_name(f".{out.name}.part")
        part.touch(mode=0o600)
        part.write_text("".join(lines))
        part.replace(out)
    print(f"{out}: {len(lines)} nodes; it is secret, and goes to the broker alone")


if __name__ == "__main__":
    app(prog_name="lamplighter pki")
