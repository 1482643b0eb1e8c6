"""Labels: true to size, and a code that says who it is."""

from __future__ import annotations

import io

import pytest
import segno
from PIL import Image

from flasher.labels import DPI, SIZES, Label, draw, encode

LABEL = Label("02aa00000001", "L-0001", "246f28000001", "SN-77", "Rue Haute 12")


@pytest.mark.parametrize("size", sorted(SIZES))
def test_a_label_has_the_size_of_its_paper(size: str) -> None:
    width_mm, height_mm = SIZES[size]
    picture = Image.open(io.BytesIO(encode(draw(LABEL, size), "png")))
    assert abs(picture.width - width_mm / 25.4 * DPI) <= 1
    assert abs(picture.height - height_mm / 25.4 * DPI) <= 1
    assert picture.info["dpi"][0] == pytest.approx(DPI, abs=1)
    dark = sum(picture.convert("L").histogram()[:128])
    assert 0.05 < dark / (picture.width * picture.height) < 0.6


def test_the_code_lies_on_the_label_module_by_module() -> None:
    picture = draw(LABEL, "62x29")
    code = segno.make(LABEL.code, error="m", micro=False)
    matrix = [list(row) for row in code.matrix]
    dark = picture.point(lambda value: 255 if value < 128 else 0).getbbox()
    assert dark is not None
    left = dark[0]
    column = [picture.getpixel((left + 1, y)) == 0 for y in range(picture.height)]
    top = column.index(True)  # Text beside it begins higher.
    scale = column.index(False, top) - top
    scale //= 7  # A finder's side.
    for row, line in enumerate(matrix):
        for at, module in enumerate(line):
            x, y = left + at * scale + scale // 2, top + row * scale + scale // 2
            assert (picture.getpixel((x, y)) == 0) == bool(module)


def test_a_pdf_is_one_page_of_the_label() -> None:
    data = encode(draw(LABEL, "57x32"), "pdf")
    assert data.startswith(b"%PDF")
    assert data.count(b"/Type /Page\n") + data.count(b"/Type /Page ") == 1


def test_text_says_what_a_person_looks_for() -> None:
    assert LABEL.lines == [
        "L-0001", "Rue Haute 12", "02aa00000001", "24:6f:28:00:00:01", "SN SN-77",
    ]  # fmt: skip
