"""`lamplighter talq check URL --as cms|gateway`, `lamplighter talq peer`: see docs/talq.md."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Annotated

import typer

from protocol import tls

from . import check_io, peer_io, results
from .offer import PROFILES
from .script import ScriptError
from .session_io import OTHER
from .wire_io import Exchange

app = typer.Typer(
    add_completion=False, no_args_is_help=True,
    help="Check a TALQ endpoint of anyone's, or play its counterpart.",
)  # fmt: skip
_SIDES = ("cms", "gateway")
_Side = Annotated[str, typer.Option("--as", help="The side that we play: cms or gateway.")]
_Listen = Annotated[str, typer.Option(help="HOST:PORT that we serve at.")]
_Advertise = Annotated[
    str, typer.Option(help="Our base URI as the other reaches it; default: made of --listen.")
]
_Cert = Annotated[Path | None, typer.Option(help="Our certificate, PEM.")]
_Key = Annotated[Path | None, typer.Option(help="Its key.")]
_Ca = Annotated[Path | None, typer.Option(help="Whom we trust.")]
_Crl = Annotated[Path | None, typer.Option(help="What they revoked.")]


@app.command("check")
def check_command(
    url: Annotated[str, typer.Argument(help="Base URI of the endpoint.")],
    side: _Side,
    listen: _Listen = "127.0.0.1:8790",
    advertise: _Advertise = "",
    profile: Annotated[list[str] | None, typer.Option(help="Only these; repeatable.")] = None,
    json: Annotated[Path | None, typer.Option(help="Write all rows as JSON.")] = None,
    junit: Annotated[Path | None, typer.Option(help="Write all rows as JUnit XML.")] = None,
    wait_s: Annotated[float, typer.Option(help="How long a gateway may take to announce.")] = 60,
    asset_id: Annotated[
        str, typer.Option(help="Our first device is this asset of the CMS's city.")
    ] = "",
    operator_s: Annotated[
        float, typer.Option(help="Wait so long for its operator to assign and to dim it.")
    ] = 0,
    verbose: Annotated[bool, typer.Option(help="Print each request.")] = False,
    tls_cert: _Cert = None,
    tls_key: _Key = None,
    tls_ca: _Ca = None,
    tls_crl: _Crl = None,
) -> None:
    """Run the rules and the mandatory parts of the announced profiles; a table, exit 0, 1 or 3."""
    _side(side)
    for name in profile or ():
        if name not in PROFILES:
            raise typer.BadParameter(f"{name!r}; there are {', '.join(PROFILES)}")
    if not url.startswith(("http://", "https://")):
        raise typer.BadParameter(f"{url!r} is no http or https address")
    trust = _trust(tls_cert, tls_key, tls_ca, tls_crl)
    where = _where(listen)
    wishes = check_io.Wishes(
        side, url, where, advertise or _uri(where, trust), tuple(profile or PROFILES), wait_s,
        trust, _print if verbose else None, asset_id, operator_s,
    )  # fmt: skip
    try:
        played, rows = asyncio.run(_check(wishes))
    except check_io.Unreachable as error:
        print(f"talq check: {error}", file=sys.stderr)
        raise typer.Exit(3) from error
    except OSError as error:
        print(f"talq check: {listen}: {error.strerror or error}", file=sys.stderr)
        raise typer.Exit(3) from error
    _write(json, results.as_json(rows, {"url": url, "played": played, "checked": OTHER[played]}))
    _write(junit, results.as_junit(rows, f"TALQ {OTHER[played]} {url}"))
    print(results.table(rows))
    raise typer.Exit(1 if results.counts(rows)[results.FAILED] else 0)


def _write(path: Path | None, text: str) -> None:
    if path is not None:
        try:
            path.write_text(text)
        except OSError as error:
            print(f"talq check: {path}: {error.strerror}", file=sys.stderr)
            raise typer.Exit(3) from error


async def _check(wishes: check_io.Wishes) -> tuple[str, list[results.Row]]:
    """The side that was played, and the rows."""
    there = await check_io.find_side(wishes)
    if there == wishes.side:
        wishes = wishes._replace(side=OTHER[there])
        print(f"At {wishes.url} stands a {there}; it is checked as such, from the other side.")
    if there == "cms":
        return wishes.side, await check_io.check_cms(wishes)
    return wishes.side, await check_io.check_gateway(wishes)


@app.command("peer")
def peer_command(
    side: _Side,
    listen: _Listen = "127.0.0.1:8790",
    advertise: _Advertise = "",
    cms: Annotated[str, typer.Option(help="Base URI of the CMS that a gateway attaches to.")] = "",
    script: Annotated[
        Path | None, typer.Option(help="Steps, a line of JSON each; - is standard input.")
    ] = None,
    log: Annotated[Path | None, typer.Option(help="Every exchange, a line of JSON each.")] = None,
    tls_cert: _Cert = None,
    tls_key: _Key = None,
    tls_ca: _Ca = None,
    tls_crl: _Crl = None,
) -> None:
    """Play a whole CMS or gateway from memory, and do what a script says."""
    _side(side)
    if side == "gateway" and not cms.startswith(("http://", "https://")):
        raise typer.BadParameter("a gateway needs the address of its CMS", param_hint="--cms")
    if script is not None and str(script) != "-" and not script.is_file():
        print(f"talq peer: {script}: no such file", file=sys.stderr)
        raise typer.Exit(3)
    trust = _trust(tls_cert, tls_key, tls_ca, tls_crl)
    where = _where(listen)
    kept = log.open("a", encoding="utf-8") if log else None

    def tell(exchange: Exchange) -> None:
        _print(exchange)
        if kept is not None:
            print(peer_io.as_line(exchange), file=kept, flush=True)

    lines = peer_io.lines_of(script) if script else None
    wishes = peer_io.PeerWishes(
        side, where, advertise or _uri(where, trust), cms, lines, trust, tell, _say
    )
    try:
        asyncio.run(peer_io.Peer(wishes).run())
    except (peer_io.StepFailed, ScriptError) as error:
        print(f"talq peer: {error}", file=sys.stderr)
        raise typer.Exit(1) from error
    except OSError as error:
        print(f"talq peer: {listen}: {error.strerror or error}", file=sys.stderr)
        raise typer.Exit(3) from error
    except KeyboardInterrupt:
        raise typer.Exit(130) from None
    finally:
        if kept is not None:
            kept.close()


def _print(exchange: Exchange) -> None:
    print(exchange.line(), flush=True)


def _say(text: str) -> None:
    print(text, flush=True)


def _side(side: str) -> None:
    if side not in _SIDES:
        raise typer.BadParameter("expected cms or gateway", param_hint="--as")


def _where(listen: str) -> tuple[str, int]:
    host, _, port = listen.rpartition(":")
    if not host or not port.isdigit() or not 0 < int(port) < 65536:
        raise typer.BadParameter(f"{listen!r}; expected HOST:PORT", param_hint="--listen")
    return host, int(port)


def _uri(where: tuple[str, int], trust: tls.Trust | None) -> str:
    return f"{'https' if trust else 'http'}://{where[0]}:{where[1]}"


def _trust(
    cert: Path | None, key: Path | None, ca: Path | None, crl: Path | None
) -> tls.Trust | None:
    if cert is None and key is None and ca is None and crl is None:
        return None
    if cert is None or key is None or ca is None:
        raise typer.BadParameter("--tls-cert, --tls-key and --tls-ca belong together")
    try:
        return tls.Trust(tls.TlsFiles(cert, key, ca, crl))
    except tls.TrustError as error:
        print(f"talq: {error}", file=sys.stderr)
        raise typer.Exit(3) from error


if __name__ == "__main__":
    app(prog_name="lamplighter talq")
