"""The two scans at a pole by camera: Chromium's own invented one films a label and a plate."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import segno
from PIL import Image
from playwright.sync_api import expect

from flasher.labels import Label, draw

from .conftest import City, browsed

pytestmark = pytest.mark.xdist_group("pages")
_NODE, _POLE = "02aa000000a1", "BL-07"
_PICTURE = (640, 480)
_GREY = 128  # Both planes of colour, of a picture that has none.
_FRAMES_EACH = 3
_REFUSE = "() => { navigator.mediaDevices.getUserMedia = () => Promise.reject(new Error()) }"


def _film(path: Path, scenes: list[Image.Image | None]) -> None:
    """A film of five pictures a second (YUV4MPEG2, 4:2:0): scenes in turn, None is a wall."""
    width, height = _PICTURE
    colour = bytes([_GREY]) * (width * height // 2)
    with path.open("wb") as target:
        target.write(b"YUV4MPEG2 W%d H%d F5:1 Ip A1:1 C420\n" % _PICTURE)
        for scene in scenes:
            wall = Image.new("L", _PICTURE, 170)
            if scene is not None:
                scene.thumbnail((width * 3 // 4, height * 3 // 4))
                tilted = scene.rotate(7, expand=True, fillcolor=170)  # Nobody holds it straight.
                wall.paste(tilted, ((width - tilted.width) // 2, (height - tilted.height) // 3))
            for _ in range(_FRAMES_EACH):
                target.write(b"FRAME\n" + wall.tobytes() + colour)


def _plate() -> Image.Image:
    target = io.BytesIO()
    segno.make(_POLE, micro=False).save(target, kind="png", scale=10)
    target.seek(0)
    return Image.open(target).convert("L")


@pytest.fixture(scope="module")
def filmed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[City]:
    film = tmp_path_factory.mktemp("camera") / "box-and-pole.y4m"
    box = draw(Label(_NODE, "BL-07", "246f28000001"), "62x29")
    _film(film, [None, _plate(), None, box])
    with browsed(
        "--use-fake-ui-for-media-stream",
        "--use-fake-device-for-media-stream",
        f"--use-file-for-fake-video-capture={film}",
    ) as found:
        yield found


def test_a_box_and_a_pole_are_paired_by_camera_without_a_network(filmed: Any) -> None:
    page = filmed.opened("/installs", "phone")
    expect(page.get_by_text("This page now works without a connection")).to_be_visible()
    page.context.set_offline(True)
    page.reload()
    page.get_by_role("button", name="Scan box").click()
    expect(page.locator("#pair-box")).to_have_value(f"LL1:{_NODE}:BL-07:246f28000001")
    expect(page.locator("video")).to_have_count(0)
    page.get_by_role("button", name="Scan pole").click()
    expect(page.locator(".waiting li")).to_contain_text(_POLE)
    expect(page.locator(".waiting li code")).to_have_text(_NODE)
    expect(page.locator("video")).to_have_count(0)
    page.context.close()


def test_a_plate_in_the_place_of_a_label_is_told_and_the_camera_goes_on(filmed: Any) -> None:
    page = filmed.opened("/installs", "phone")
    page.get_by_role("button", name="Scan box").click()
    expect(page.locator("#pair-wrong")).to_contain_text("This is no box")
    expect(page.locator("#pair-box")).to_have_value(f"LL1:{_NODE}:BL-07:246f28000001")
    expect(page.locator("#pair-wrong")).to_have_count(0)
    page.context.close()


def test_a_refused_camera_is_told_and_the_field_is_typed(filmed: Any) -> None:
    page = filmed.opened("/installs", "phone")
    page.evaluate(_REFUSE)
    page.get_by_role("button", name="Scan box").click()
    expect(page.locator(".toast")).to_contain_text("The camera cannot be used")
    expect(page.locator("video")).to_have_count(0)
    page.context.close()
