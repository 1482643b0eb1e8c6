"""Labels for nodes: a QR code and text, drawn for label printers, as PNG or PDF."""

from __future__ import annotations

import io
from dataclasses import dataclass

import segno
from PIL import Image, ImageDraw, ImageFont

DPI = 300
_MM_PER_INCH = 25.4
_MARGIN_MM = 1.5
# Width and height in mm, as the makers of label printers sell them.
SIZES = {
    "62x29": (62.0, 29.0),
    "57x32": (57.0, 32.0),
    "50x25": (50.0, 25.0),
    "40x20": (40.0, 20.0),
    "25x25": (25.0, 25.0),
}
FORMATS = ("png", "pdf")


@dataclass(frozen=True)
class Label:
    """What stands on a box: the code says node, asset and MAC; the text says it to people."""

    node_id: str
    asset_id: str
    mac: str
    serial: str = ""
    name: str = ""

    @property
    def code(self) -> str:
        """What a scan gives; the pairing at the pole reads it."""
        return f"LL1:{self.node_id}:{self.asset_id}:{self.mac}"

    @property
    def lines(self) -> list[str]:
        """The text, the most important line first."""
        mac = ":".join(self.mac[at : at + 2] for at in range(0, len(self.mac), 2))
        said = [self.asset_id, self.name, self.node_id, mac]
        if self.serial and self.serial != self.mac:
            said.append(f"SN {self.serial}")
        return [line for line in said if line]


def draw(label: Label, size: str) -> Image.Image:
    """The label in black on white; KeyError for a size that is not in SIZES."""
    width, height = (round(mm / _MM_PER_INCH * DPI) for mm in SIZES[size])
    margin = round(_MARGIN_MM / _MM_PER_INCH * DPI)
    picture = Image.new("L", (width, height), 255)
    square = width <= height * 1.2
    lines = label.lines
    room = height - 2 * margin
    if square:
        room = height * 2 // 3
        lines = lines[:1]
    code = _code(label.code, room)
    picture.paste(code, (margin, margin))
    left, top = (margin, code.height + margin) if square else (code.width + 2 * margin, margin)
    pen = ImageDraw.Draw(picture)
    box = (width - left - margin, height - top - margin)
    step = box[1] / max(3, len(lines))
    for index, line in enumerate(lines):
        font = _font(line, box[0], round(step * (0.95 if index == 0 else 0.7)))
        pen.text((left, round(top + step * index)), line, fill=0, font=font)
    return picture


def encode(picture: Image.Image, form: str) -> bytes:
    """A label as a file: png or pdf, at its true size."""
    target = io.BytesIO()
    if form == "pdf":
        picture.save(target, "PDF", resolution=DPI)
    else:
        picture.save(target, "PNG", dpi=(DPI, DPI))
    return target.getvalue()


def _code(text: str, room: int) -> Image.Image:
    """The QR code in whole pixels a module, so that a scanner sees sharp edges."""
    code = segno.make(text, error="m", micro=False)
    modules = code.symbol_size(border=2)[0]
    scale = max(2, room // modules)
    target = io.BytesIO()
    code.save(target, kind="png", scale=scale, border=2)
    target.seek(0)
    return Image.open(target).convert("L")


def _font(line: str, width: int, height: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    """The largest letters with which a line fits."""
    size = max(8, height)
    while True:
        font = ImageFont.load_default(size)
        if size <= 8 or font.getlength(line) <= width:
            return font
        size -= 1
