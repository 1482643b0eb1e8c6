"""Images from files and over HTTP: whole ones are kept, and nothing else is."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from flasher.home_io import Home
from flasher.image import look_at
from flasher.images_io import Images
from flasher.troubles import MISSING, REFUSED, FlashError
from hardware_sim.rom import micropython_image

IMAGE = micropython_image("esp32", 4)
SHA256 = look_at(IMAGE).sha256


class Site(BaseHTTPRequestHandler):
    """A site that has the image, half of it, something else, or nothing."""

    def do_GET(self) -> None:
        if self.path == "/nonsense":
            self.wfile.write(b"\x00 200 OK\r\n\r\n")
            return
        if self.path == "/moved":
            self.send_response(302)
            self.send_header("Location", "/whole.bin")
            self.end_headers()
            return
        found = {"/whole.bin": IMAGE, "/half.bin": IMAGE, "/page": b"<html>" * 2000}
        content = found.get(self.path)
        self.send_response(404 if content is None else 200)
        self.send_header("Content-Length", str(len(content or b"")))
        self.end_headers()
        if content is not None:
            self.wfile.write(content[: len(content) // 2] if "half" in self.path else content)
        self.close_connection = True

    def log_message(self, format: str, *args: object) -> None:
        """Nobody reads it."""


@pytest.fixture
def site() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Site)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def images(tmp_path: Path) -> Images:
    return Images(Home(tmp_path / "laptop"))


@pytest.mark.parametrize("path", ["/whole.bin", "/moved"])
def test_an_image_from_a_site_is_kept_and_used_without_it(
    images: Images, site: str, path: str
) -> None:
    assert images.fetch(site + path, SHA256.upper()).sha256 == SHA256
    assert images.use(SHA256[:8]).data == IMAGE
    ((file, image),) = images.in_use().values()
    assert (file.name, image.sha256) == (f"{SHA256}.bin", SHA256)
    (row,) = images.rows()
    assert (row["sha256"], row["chip"], row["in_use"]) == (SHA256, "esp32", True)


@pytest.mark.parametrize(
    ("path", "sha256", "code", "words"),
    [
        ("/half.bin", "", MISSING, "broke off after"),
        ("/nothing", "", MISSING, "404"),
        ("/nonsense", "", MISSING, "cannot be had"),
        ("/page", "", REFUSED, "no ESP32 image"),
        ("/whole.bin", "ab" * 32, REFUSED, "Do not use it"),
    ],
)
def test_what_is_not_the_whole_image_is_not_kept(
    images: Images, site: str, path: str, sha256: str, code: int, words: str
) -> None:
    with pytest.raises(FlashError, match=words) as caught:
        images.fetch(site + path, sha256)
    assert caught.value.code == code
    assert images.rows() == []


@pytest.mark.parametrize("where", ["ftp://127.0.0.1/a.bin", "http://127.0.0.1:9/a", "no such"])
def test_an_address_that_leads_nowhere_is_told(images: Images, where: str) -> None:
    with pytest.raises(FlashError) as caught:
        images.fetch(where)
    assert where in str(caught.value)


def test_an_image_that_was_changed_on_disk_is_noticed(images: Images, tmp_path: Path) -> None:
    (tmp_path / "a.bin").write_bytes(IMAGE)
    images.fetch(str(tmp_path / "a.bin"))
    images.use(SHA256[:8])
    (kept,) = tmp_path.rglob(f"{SHA256}.bin")
    kept.write_bytes(IMAGE[:-1] + b"\x00" if IMAGE[-1] else IMAGE[:-1] + b"\x01")
    with pytest.raises(FlashError, match="was changed"):
        images.in_use()


@pytest.mark.parametrize("where", ["amid a segment", "before its hash", "a byte"])
def test_an_image_that_is_not_whole_is_never_used(tmp_path: Path, where: str) -> None:
    data = {
        "amid a segment": IMAGE[: len(IMAGE) - 200],
        "before its hash": IMAGE[:-7],
        "a byte": IMAGE[:-90] + bytes([IMAGE[-90] ^ 1]) + IMAGE[-89:],
    }[where]
    file = tmp_path / "torn.bin"
    file.write_bytes(data)
    images = Images(Home(tmp_path))
    for refused in (images.use, images.fetch, images.find):
        with pytest.raises(FlashError, match=r"cut off|damaged|ends amid"):
            refused(str(file))
    assert not list(tmp_path.rglob("*.bin"))[1:]
