"""Serves the built pages over their mock, and opens them in a browser."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

import hatch_build
from cms.api.app import POLICY

ROOT = Path(__file__).resolve().parents[3]
WEB = ROOT / "cms" / "web"
CHROMIUM = Path("/usr/bin/chromium")
AXE = WEB / "node_modules" / "axe-core" / "axe.min.js"
SIZES = {"wide": (1440, 900), "phone": (390, 844)}
_START_S_MAX = 30.0


def _free_port() -> int:
    with socket.socket() as made:
        made.bind(("127.0.0.1", 0))
        return int(made.getsockname()[1])


@contextlib.contextmanager
def served() -> Iterator[str]:
    """The address of the pages with an invented city behind them."""
    hatch_build.build_web(ROOT)
    npm, environment = hatch_build.node_environment()
    node = str(npm.parents[4] / "bin" / "node")
    if not AXE.is_file():  # The pages were built elsewhere, so the tools are not here yet.
        words = [node, str(npm), "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
        hatch_build.run(words, WEB, environment)
    port = _free_port()
    vite = str(WEB / "node_modules" / "vite" / "bin" / "vite.js")
    words = [node, vite, "preview", "--host", "127.0.0.1", "--port", str(port), "--strictPort"]
    environment = {k: v for k, v in {**os.environ, **environment}.items() if k != "CMS_URL"}
    environment["PAGES_POLICY"] = POLICY
    server = subprocess.Popen(
        words, cwd=WEB, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    address = f"http://127.0.0.1:{port}"
    try:
        _await(address)
        yield address
    finally:
        server.terminate()
        server.wait(10)


def _await(address: str) -> None:
    deadline = time.monotonic() + _START_S_MAX
    while True:
        try:
            with urllib.request.urlopen(f"{address}/api/v1/me", timeout=2):
                return
        except OSError:  # Nobody listens yet, or it is cut off as it starts.
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)


class City:
    """An invented city in a browser."""

    def __init__(self, chromium: Browser, address: str) -> None:
        self.chromium = chromium
        self.address = address

    def opened(
        self, path: str = "/", size: str = "wide", theme: str = "dark", language: str = "en-GB"
    ) -> Page:
        """A page of the city, signed in and with its values read."""
        width, height = SIZES[size]
        context = self.chromium.new_context(
            viewport={"width": width, "height": height},
            color_scheme="dark" if theme == "dark" else "light",
            locale=language,
            has_touch=size == "phone",
        )
        page = context.new_page()
        self.go(page, path)
        return page

    def go(self, page: Page, path: str) -> None:
        """Another address; waits until values are there."""
        page.goto(self.address + path)
        page.wait_for_selector(".frame h1, .frame h2")
        page.wait_for_function("() => !document.querySelector('.wait')")

    def violations(self, page: Page, *rules: str) -> list[str]:
        """What axe-core finds by some rules, or by all; one line each."""
        page.evaluate(AXE.read_text())
        only = {"runOnly": list(rules)} if rules else {}
        found = page.evaluate("(o) => axe.run(o)", {"resultTypes": ["violations"], **only})
        return [f"{v['id']}: {[n['target'] for n in v['nodes']][:3]}" for v in found["violations"]]


@contextlib.contextmanager
def browsed(*options: str) -> Iterator[City]:
    """A city's server, and a browser with more options."""
    if not CHROMIUM.exists():
        pytest.skip("no Chromium here")
    with served() as address, sync_playwright() as tool:
        chromium = tool.chromium.launch(
            executable_path=str(CHROMIUM), args=["--headless=new", "--no-sandbox", *options]
        )
        yield City(chromium, address)
        chromium.close()


@pytest.fixture(scope="module")
def city() -> Iterator[City]:
    """One server and one browser for the tests of a file."""
    with browsed() as found:
        yield found
