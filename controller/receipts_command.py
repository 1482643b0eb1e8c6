"""`lamplighter controller import|batch-keys`: keys to laptops, receipts from them."""

from __future__ import annotations

import contextlib
import datetime
import hashlib
import os
import secrets
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import httpx
import typer

from protocol import handover, plan, tls
from protocol.wire import controller_end

from .errors import ControllerError, SettingsError, UsageError
from .keys import node_key, signer
from .planned import add_planned, exchanged, locked
from .receipts import Given, Receipts, RefusedError
from .settings import Settings, load

FAILED, USAGE, MISSING, REFUSED = 1, 2, 3, 4
app = typer.Typer(add_completion=False, no_args_is_help=True, help="Keys and receipts.")
_Config = Annotated[Path, typer.Option("--config", help="Settings (docs/settings.md).")]
_CONFIG = Path("controller.toml")
_WAIT_S = 20
_LINED_BOARD = "nema_rs485"


def now_text() -> str:
    """Now, as it is kept: UTC to the second."""
    return datetime.datetime.now(datetime.UTC).replace(microsecond=0).isoformat()


@contextlib.contextmanager
def opened(config: Path) -> Iterator[tuple[Settings, Receipts]]:
    """The settings and the file; errors become a sentence and a code."""
    try:
        settings = _settings(config)
        receipts = Receipts(settings.data)
        try:
            yield settings, receipts
        finally:
            receipts.close()
    except RefusedError as error:
        print(f"refused: {error}", file=sys.stderr)
        raise typer.Exit(REFUSED) from error
    except (SettingsError, ControllerError, plan.PlanError, tls.TrustError, OSError) as error:
        print(f"controller: {error}", file=sys.stderr)
        raise typer.Exit(MISSING) from error


def _settings(config: Path) -> Settings:
    """The controller's settings. Nothing is served here, so that a certificate may lack."""
    try:
        return load(config, os.environ, ())
    except UsageError:
        return load(config, os.environ, (), plain_http=True)


@app.command("batch-keys")
def batch_keys_command(
    laptop: Annotated[str, typer.Option(help="Its card's file; its name when it is known.")],
    out: Annotated[Path, typer.Option(help="The sealed batch; give it to the laptop.")],
    inventory: Annotated[Path | None, typer.Option(help="CSV of the job's assets.")] = None,
    count: Annotated[int, typer.Option(min=0, max=10_000, help="Or so many new nodes.")] = 0,
    broker: Annotated[str, typer.Option(help="HOST:PORT as nodes reach it; else ours.")] = "",
    spread_s: Annotated[
        int, typer.Option("--spread", min=0, max=600, help="Seconds in which a street connects.")
    ] = 30,
    wifi: Annotated[str, typer.Option(help="Name of the network.")] = "",
    wifi_password_file: Annotated[Path | None, typer.Option(help="Its password.")] = None,
    update_key: Annotated[list[str] | None, typer.Option(help="Ed25519 key in hex.")] = None,
    config: _Config = _CONFIG,
) -> None:
    """Seal the keys of a job to one laptop. The site key never leaves this machine."""
    if bool(inventory) == bool(count):
        raise typer.BadParameter("either --inventory or --count")
    host, _, port = broker.rpartition(":")
    if broker and (not host or not port.isdigit()):
        raise typer.BadParameter("expected HOST:PORT", param_hint="--broker")
    with opened(config) as (settings, receipts):
        card = _card(receipts, laptop)
        site = plan.load(settings.plan)
        rows = _rows(inventory) if inventory else []
        nodes = _wanted(site, receipts, rows, count)
        batch_id = f"{card.name}-{now_text()[:10]}-{secrets.token_hex(3)}"
        receipts.given(batch_id, card.name, [given for given, _ in nodes], now_text())
        release = [settings.release_key.hex()] if settings.release_key else []
        own = settings.broker_host, settings.broker_port
        where = (host, int(port)) if broker else own
        secret = wifi_password_file.read_text().strip() if wifi_password_file else ""
        content = {
            "batch_id": batch_id, "site": site.site.name, "broker": [*where, spread_s],
            "wifi": [wifi, secret], "update_keys": [*release, *(update_key or ())],
            "nodes": [
                {**said, "key": node_key(settings.site_key, one.node_id, one.generation).hex()}
                | _near(site, settings.site_key, one.asset_id, receipts)
                | _line(settings, one.node_id)
                for one, said in nodes
            ],
        }  # fmt: skip
        text = handover.seal_batch(content, card, batch_id, signer(settings.site_key))
        _write(out, text)
    print(f"{out}: {len(nodes)} keys, batch {batch_id}, sealed to {card.name} alone")


def _card(receipts: Receipts, laptop: str) -> handover.Card:
    path = Path(laptop)
    if path.is_file():
        try:
            card = handover.read_card(path.read_bytes())
        except handover.HandoverError as error:
            raise RefusedError(f"{path}: {error}") from error
        receipts.enrol(card)
        return receipts.must_be_good(card.name)
    return receipts.must_be_good(laptop.removesuffix(".card"))


def _rows(path: Path) -> list[handover.Row]:
    try:
        return handover.read_inventory(path.read_text(encoding="utf-8"))
    except (handover.InventoryError, UnicodeDecodeError) as error:
        print(f"{path} cannot be used:\n{error}", file=sys.stderr)
        raise typer.Exit(USAGE) from error


def _wanted(
    site: plan.Plan, receipts: Receipts, rows: list[handover.Row], count: int
) -> list[tuple[Given, dict[str, Any]]]:
    """Who gets a key: the inventory's assets, by the plan's node where it has one, or new ones."""
    known = {asset.asset_id: asset for asset in site.assets}
    found = []
    for row in rows:
        asset = known.get(row.asset_id)
        node_id = asset.node_id if asset else row.node_id or _new_id(site, row.asset_id)
        said: dict[str, Any] = {"node_id": node_id, "asset_id": row.asset_id, "kind": row.kind}
        if asset:
            said |= {"kind": asset.kind, "lat": asset.lat, "lon": asset.lon}
            if asset.kind == "lamp":
                said["board"] = asset.lamp_board
        found.append((Given(node_id, row.asset_id, receipts.generation(node_id)), said))
    for _ in range(count):
        node_id = _new_id(site, secrets.token_hex(8))
        found.append((Given(node_id, "", 0), {"node_id": node_id}))
    return found


def _new_id(site: plan.Plan, seed: str) -> str:
    """A locally administered address that nobody was sold: x2 in its first byte."""
    return "06" + hashlib.sha256(f"{site.site.name} {seed}".encode()).hexdigest()[:10]


def _near(site: plan.Plan, site_key: bytes, asset_id: str, receipts: Receipts) -> dict[str, Any]:
    """The group of neighbours of a lamp in the plan, and its place in it from west to east."""
    mine = next((a for a in site.assets if a.asset_id == asset_id and a.kind == "lamp"), None)
    if mine is None:
        return {}
    row = [a for a in site.assets if a.kind == "lamp" and a.street_id == mine.street_id]
    place = sorted(row, key=lambda a: (a.lon, a.lat)).index(mine)
    number = receipts.near_number(mine.street_id)
    key = controller_end.near_key(site_key, mine.street_id, number)
    return {"near": [mine.street_id, key.hex(), place]}


def _line(settings: Settings, node_id: str) -> dict[str, Any]:
    """The address of a node on a serial line, the line's rate, and the board for it."""
    on = next((row for row in settings.lines if node_id in row.nodes), None)
    if on is None:
        return {}
    return {"line": [on.nodes[node_id], on.baud], "board": _LINED_BOARD}


def _write(path: Path, text: str) -> None:
    part = path.with_name(f".{path.name}.part")
    part.write_text(text)
    part.replace(path)


@app.command("import")
def import_command(
    files: Annotated[list[Path], typer.Argument(help="Receipts, or folders of them.")],
    cms: Annotated[str, typer.Option(help="Base URL of a CMS that gets them, too.")] = "",
    token_file: Annotated[Path | None, typer.Option(help="Its API token.")] = None,
    config: _Config = _CONFIG,
) -> None:
    """Check receipts of laptops and accept them; new assets go into the plan.

    One that is refused is said with its reason; the others are accepted.
    """
    paths = [one for path in files for one in _listed(path)]
    refused = 0
    with opened(config) as (settings, receipts), locked(settings.plan):
        added = []
        texts = []
        for path in paths:
            text = path.read_text(errors="replace")
            if receipts.is_kept(text):
                texts.append(text)
                print(f"{path}: known already")
                continue
            try:
                receipt = receipts.read(text)
                is_added = add_planned(settings.plan, receipt)
            except RefusedError as error:
                refused += 1
                print(f"{path}: refused: {error}", file=sys.stderr)
                continue
            if not receipts.keep(receipt, text, now_text()):
                print(f"{path}: passed over: a newer receipt of {receipt.node_id} is here")
                continue
            texts.append(text)
            added += [receipt.asset_id] if is_added else []
            print(f"{path}: accepted: {receipt.asset_id} is {receipt.node_id}, MAC {receipt.mac}")
        if added:
            print(f"new in the plan: {', '.join(added)}; controller and CMS take them at a start")
        if cms:
            refused += _to_cms(cms, token_file, texts, settings)
    if not paths:
        print("no receipt there", file=sys.stderr)
        raise typer.Exit(MISSING)
    if refused:
        raise typer.Exit(REFUSED)


@app.command("exchange")
def exchange_command(
    first: Annotated[str, typer.Argument(help="An asset whose box hangs at the other's pole.")],
    second: Annotated[str, typer.Argument(help="The other asset.")],
    config: _Config = _CONFIG,
) -> None:
    """Settle a swap: the plan has the nodes of two assets exchanged; said again, it is undone.

    The boxes stay where they hang; each gets the schedule and the settings of its own pole.
    """
    with opened(config) as (settings, receipts), locked(settings.plan):
        site = exchanged(settings.plan, first, second)
        known = {asset.asset_id: asset for asset in site.assets}
        nodes = {name: known[name].node_id for name in (first, second)}
        receipts.exchange(nodes, lambda: plan.save(site, settings.plan))
    for name in (first, second):
        print(f"{name} is {known[name].node_id} now")
    print("controller and CMS take it at a start")
    if known[first].street_id != known[second].street_id:
        print(
            "they hang in different streets: their hints go to the old neighbours until they are "
            "flashed anew"
        )


def _listed(path: Path) -> list[Path]:
    return sorted(path.glob("*.json")) if path.is_dir() else [path]


def _to_cms(url: str, token_file: Path | None, texts: list[str], settings: Settings) -> int:
    """Hand receipts to a CMS; how many it refused."""
    token = token_file.read_text().strip() if token_file else ""
    refused = 0
    headers = {"authorization": f"Bearer {token}", "content-type": "application/json"}
    verify = tls.Trust(settings.tls).client() if settings.tls else True
    with httpx.Client(timeout=_WAIT_S, headers=headers, verify=verify, trust_env=False) as client:
        for text in texts:
            try:
                answer = client.post(f"{url.rstrip('/')}/api/v1/receipts", content=text.encode())
            except httpx.HTTPError as error:
                raise ControllerError(f"{url}: {error}") from error
            if answer.is_error:
                refused += 1
                print(f"{url}: {answer.status_code} {answer.text[:300]}", file=sys.stderr)
    return refused


if __name__ == "__main__":
    app(prog_name="lamplighter controller")
