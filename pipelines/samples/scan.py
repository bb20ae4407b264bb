"""Turns a born-digital sample into a scan: renders it, adds skew and wear, and writes a PDF of JPEG images."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.random import Generator

from pipelines.drawing.canvas import Sheet
from pipelines.samples.text.invent import chance

if TYPE_CHECKING:
    import pymupdf

MAX_SKEW_DEG = 3.0


@dataclass(frozen=True)
class Scanner:
    """The settings of a scan.

    Attributes:
        dpi: resolution.
        colour: RGB if true, else grey.
        skew_deg: rotation of the content in degrees, positive for clockwise.
        blur_px: standard deviation of the Gaussian blur.
        noise: standard deviation of the noise, in grey levels.
        speck_share: share of the pixels that are specks.
        ink: level of black, 0..255.
        paper: level of white (red, green, blue), 0..255.
        bilevel: whether only black and white are left, as in a fax.
        jpeg_quality: quality of the JPEG images, 1..100.
    """

    dpi: int
    colour: bool
    skew_deg: float
    blur_px: float
    noise: float
    speck_share: float
    ink: float
    paper: tuple[float, float, float]
    bilevel: bool
    jpeg_quality: int


def draw_scanner(rng: Generator, sheets: Sequence[Sheet]) -> Scanner:
    """Draws random settings. The skew is limited so that every word of `sheets` stays on its page."""
    tint = rng.uniform(0.0, 14.0)
    bilevel = chance(rng, 0.12)
    return Scanner(
        dpi=int(rng.integers(150, 201)),
        colour=not bilevel and chance(rng, 0.4),
        skew_deg=_limited_skew(round(rng.uniform(-MAX_SKEW_DEG, MAX_SKEW_DEG), 2), sheets),
        blur_px=rng.uniform(0.2, 0.9),
        noise=rng.uniform(1.0, 9.0),
        speck_share=rng.uniform(0.0, 2e-4),
        ink=rng.uniform(0.0, 60.0),
        paper=(255.0 - 0.3 * tint, 254.0 - 0.6 * tint, 252.0 - 1.6 * tint),
        bilevel=bilevel,
        jpeg_quality=int(rng.integers(45, 91)),
    )


def _limited_skew(skew_deg: float, sheets: Sequence[Sheet]) -> float:
    """Returns 100 %, 75 %, 50 % or 25 % of `skew_deg`: the first that keeps every word on its page, else 0."""
    for share in (1.0, 0.75, 0.5, 0.25):
        if all(_words_stay(share * skew_deg, sheet) for sheet in sheets):
            return round(share * skew_deg, 2)
    return 0.0


def _words_stay(skew_deg: float, sheet: Sheet) -> bool:
    boxes = np.array([word.box for word in sheet.words])
    middle = np.array([sheet.width / 2, sheet.height / 2])
    corners = np.concatenate([boxes[:, [0, 1]], boxes[:, [2, 1]], boxes[:, [0, 3]], boxes[:, [2, 3]]]) - middle
    cos, sin = math.cos(math.radians(skew_deg)), math.sin(math.radians(skew_deg))
    turned = corners @ np.array([[cos, sin], [-sin, cos]])
    return bool((np.abs(turned) <= middle - 2.0).all())


def scan_pdf(rng: Generator, pdf: bytes, scanner: Scanner) -> bytes:
    """Returns a PDF with the same page sizes that holds one JPEG per page of `pdf` and no text layer."""
    import pymupdf
    import simplejpeg

    with pymupdf.open(stream=pdf, filetype="pdf") as source, pymupdf.open() as scanned:
        for page in source:
            image = wear(rng, _render(page, scanner), scanner)
            colorspace = "RGB" if scanner.colour else "GRAY"
            jpeg = simplejpeg.encode_jpeg(image, quality=scanner.jpeg_quality, colorspace=colorspace)
            sheet = scanned.new_page(width=page.rect.width, height=page.rect.height)
            sheet.insert_image(sheet.rect, stream=jpeg, keep_proportion=False)
        scanned.set_metadata({"title": source.metadata["title"], "producer": "folio samples"})
        return scanned.tobytes(no_new_id=True, deflate=True)


def _render(page: pymupdf.Page, scanner: Scanner) -> np.ndarray:
    """Returns the page as (height, width, 3 or 1) float32, 0..255."""
    import pymupdf

    pixmap = page.get_pixmap(dpi=scanner.dpi, colorspace=pymupdf.csRGB if scanner.colour else pymupdf.csGRAY)
    pixels = np.frombuffer(pixmap.samples, np.uint8).reshape(pixmap.height, pixmap.width, pixmap.n)
    return pixels.astype(np.float32)


def wear(rng: Generator, image: np.ndarray, scanner: Scanner) -> np.ndarray:
    """Applies fading, skew, blur, uneven light, noise and specks to a white page.

    Args:
        rng: source of the noise, the specks and the light.
        image: (height, width, channels) float32, 0..255.
        scanner: the settings.

    Returns:
        The same shape in uint8. The content is turned clockwise by `scanner.skew_deg` about the centre.
    """
    import cv2

    height, width, channels = image.shape
    paper = np.array(scanner.paper[:channels], np.float32)
    inked = scanner.ink + image * ((paper - scanner.ink) / 255.0)
    # OpenCV turns counter-clockwise for positive angles.
    turn = cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), -scanner.skew_deg, 1.0)
    turned = cv2.warpAffine(inked, turn, (width, height), flags=cv2.INTER_LINEAR, borderValue=scanner.paper)
    blurred = cv2.GaussianBlur(turned, (0, 0), scanner.blur_px).reshape(height, width, channels)
    grain = rng.standard_normal((height, width, 1), np.float32)
    worn = blurred * _shade(rng, height, width) + np.float32(scanner.noise) * grain
    specks = int(scanner.speck_share * height * width)
    worn[rng.integers(height, size=specks), rng.integers(width, size=specks)] = 40.0
    if scanner.bilevel:
        worn = np.where(worn < 180.0, 0.0, 255.0)
    return worn.clip(0, 255).astype(np.uint8)


def _shade(rng: Generator, height: int, width: int) -> np.ndarray:
    """Returns uneven light, (height, width, 1), as factors near 1 that differ by at most 6 % from edge to edge."""
    slope_y, slope_x = rng.uniform(-0.03, 0.03, 2)
    rows = np.linspace(-1.0, 1.0, height, dtype=np.float32)[:, None, None]
    columns = np.linspace(-1.0, 1.0, width, dtype=np.float32)[None, :, None]
    return 1.0 + np.float32(slope_y) * rows + np.float32(slope_x) * columns
