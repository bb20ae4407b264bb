"""Reads images of pages (PNG, JPEG, TIFF, WebP, JPEG 2000, BMP, GIF) through Pillow, by OCR like scans in a PDF."""

from __future__ import annotations

import struct
import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from pipelines.config import PageConfig
from pipelines.ocr.engine import OcrEngine
from pipelines.page.reading import PageError, Reading
from pipelines.page.scan import read_scan
from pipelines.page.stopwatch import Stopwatch
from pipelines.sources.base import Picture
from schemas import PageStatus
from schemas.support.image_colours import to_eight_bits

if TYPE_CHECKING:
    from PIL import Image

FORMATS = ("PNG", "JPEG", "TIFF", "WEBP", "JPEG2000", "BMP", "GIF")
MAX_PIXELS = 178_956_970  # Pillow's own limit, as RGB half a gigabyte; A0 at 300 dpi has 140 million
A4_WIDTH_PT = 595.0
MAX_SIDE_PT = 14_400.0  # as for PDFs
MAX_DPI_RATIO = 4.0  # a fax has 204 x 98
POINTS_PER_INCH = 72
_ORIENTATION, _SUBFILE_TYPE, _X_RESOLUTION, _RESOLUTION_UNIT = 274, 254, 282, 296  # tags of EXIF and TIFF
_EXIF_UNITS, _JFIF_UNITS = (2, 3), (1, 2)  # inch and centimetre
# EXIF orientation: the `Image.Transpose` that shows the image upright, and the degrees clockwise that are in it.
_SHOWN = {
    2: ("FLIP_LEFT_RIGHT", 0),
    3: ("ROTATE_180", 180),
    4: ("FLIP_TOP_BOTTOM", 180),
    5: ("TRANSPOSE", 270),
    6: ("ROTATE_270", 90),
    7: ("TRANSVERSE", 90),
    8: ("ROTATE_90", 270),
}
_DAMAGE = (
    *(OSError, SyntaxError, ValueError, EOFError, LookupError, TypeError, AttributeError, RuntimeError),
    *(ArithmeticError, struct.error, zlib.error),
)
"""What Pillow raises for a damaged file."""


class ImageSource:
    """Opens images. A TIFF has one page for each image in it, except thumbnails; all others have one page."""

    suffixes = (".png", ".jpg", ".jpeg", ".tif", ".tiff", ".webp", ".jp2", ".bmp", ".gif")

    def open(self, path: Path) -> ImageDocument:
        """Opens an image.

        Raises:
            PageError: the file is empty, not an image, damaged or too large.
        """
        with path.open("rb") as file:
            if not file.read(1):
                raise PageError(PageStatus.EMPTY, "the file has 0 bytes")
        with _opened(path) as image:
            return ImageDocument(path, _frames(image))


class ImageDocument:
    """An image file. See `pipelines.sources.base.Document`."""

    detail = ""

    def __init__(self, path: Path, frames: list[int]) -> None:
        self._path = path
        self._frames = frames
        self.pages = len(frames)

    def read(self, page: int, config: PageConfig, engine: OcrEngine | None, watch: Stopwatch) -> Reading:
        """Reads a page by OCR.

        The image keeps its pixels, up to `max_long_side_px`. If its resolution is known, it is not larger than `dpi`
        and the stored image need.

        Raises:
            PageError: the page is blank, damaged or too large, the OCR engine failed on it, or there is no engine.
        """
        if engine is None:
            raise PageError(PageStatus.TOO_FEW_WORDS, "an image has no text layer, which --text_source pdf asks for")
        with watch.stage("render"):
            picture = self._picture(page, config, for_ocr=True).reading
        return read_scan(picture, engine, watch)

    def picture(self, page: int, config: PageConfig) -> Picture:
        """Returns a page without words, turned as its EXIF orientation says, in the resolution of the stored image.

        Raises:
            PageError: the page is damaged or too large.
        """
        return self._picture(page, config, for_ocr=False)

    def _picture(self, page: int, config: PageConfig, for_ocr: bool) -> Picture:
        with _opened(self._path) as image:
            image.seek(self._frames[page - 1])
            _check_size(image)
            orientation = _orientation(image)
            image.load()
            is_turned = image.format == "TIFF"  # by Pillow, when it loads a TIFF
            name, rotation = _SHOWN.get(orientation, ("", 0))
            dpi = _dpi(image, is_swapped=rotation % 180 != 0)
            shown = _turned(to_eight_bits(image), "" if is_turned else name)
            width_pt, height_pt = _size_pt(shown.size, dpi)
            limit_px = float(min(config.image_long_side, config.max_long_side_px))
            if for_ocr:
                needed_px = max(width_pt, height_pt) * config.dpi / POINTS_PER_INCH if dpi else np.inf
                limit_px = min(max(needed_px, config.image_long_side), config.max_long_side_px)
            pixels = np.asarray(_scaled(shown, width_pt, height_pt, limit_px).convert("RGB"))
        return Picture(Reading(pixels, [], width_pt, height_pt, "pdf", rotation=rotation), shown.size)

    def close(self) -> None:
        """Does nothing: the file is open only while a page is read."""


@contextmanager
def _opened(path: Path) -> Iterator[Image.Image]:
    """Opens an image. Errors of Pillow inside the block become a `PageError`."""
    from PIL import Image, UnidentifiedImageError

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a large image is no reason to warn, and damage is reported as an error
            with Image.open(path, formats=FORMATS) as image:
                _check_size(image)
                yield image
    except UnidentifiedImageError:
        with path.open("rb") as file:
            head = file.read(8)
        raise PageError(PageStatus.CORRUPT, f"is not an image that can be read: it starts with {head!r}") from None
    except Image.DecompressionBombError as error:
        raise PageError(PageStatus.TOO_LARGE, str(error).split(",")[0]) from error
    except _DAMAGE as error:
        raise PageError(PageStatus.CORRUPT, f"cannot be decoded: {error or type(error).__name__}") from error


def _frames(image: Image.Image) -> list[int]:
    """Returns the numbers of the images in a file that are pages."""
    if image.format != "TIFF":
        return [0]
    frames = []
    for frame in range(getattr(image, "n_frames", 1)):
        image.seek(frame)
        if not int(getattr(image, "tag_v2", {}).get(_SUBFILE_TYPE, 0)) & 1:  # 1: a reduced copy of another image
            frames.append(frame)
    return frames or [0]


def _check_size(image: Image.Image) -> None:
    width, height = image.size
    if width * height > MAX_PIXELS:
        raise PageError(PageStatus.TOO_LARGE, f"{width} x {height} pixels, the limit is {MAX_PIXELS}")


def _orientation(image: Image.Image) -> int:
    try:
        return int(image.getexif().get(_ORIENTATION, 1))
    except _DAMAGE:  # damaged metadata is no reason to lose the page
        return 1


def _turned(image: Image.Image, transpose: str) -> Image.Image:
    from PIL import Image

    return image.transpose(Image.Transpose[transpose]) if transpose else image


def _dpi(image: Image.Image, is_swapped: bool) -> tuple[float, float] | None:
    """Returns the resolution of the image as it is shown, None if the file states none that can be true."""
    try:
        if not _states_dpi(image):
            return None
        x, y = (float(value) for value in image.info["dpi"])
    except (KeyError, *_DAMAGE):
        return None
    if not (0 < x < np.inf and 0 < y < np.inf and 1 / MAX_DPI_RATIO <= x / y <= MAX_DPI_RATIO):
        return None
    size = image.size[::-1] if is_swapped and image.format != "TIFF" else image.size
    dpi = (y, x) if is_swapped else (x, y)
    sides_pt = [pixels * POINTS_PER_INCH / value for pixels, value in zip(size, dpi, strict=True)]
    return dpi if min(sides_pt) >= 1 and max(sides_pt) <= MAX_SIDE_PT else None


def _states_dpi(image: Image.Image) -> bool:
    """Returns whether a JPEG states its resolution. For one with EXIF tags but without it, Pillow gives 72 dpi."""
    if image.format not in ("JPEG", "MPO") or image.info.get("jfif_unit") in _JFIF_UNITS:
        return True
    exif = image.getexif()
    return exif.get(_RESOLUTION_UNIT) in _EXIF_UNITS and float(exif[_X_RESOLUTION]) > 0


def _size_pt(size: tuple[int, int], dpi: tuple[float, float] | None) -> tuple[float, float]:
    """Returns width and height in points. Without a resolution, the shorter side is the width of A4."""
    if dpi:
        return size[0] * POINTS_PER_INCH / dpi[0], size[1] * POINTS_PER_INCH / dpi[1]
    unit_pt = min(A4_WIDTH_PT / min(size), MAX_SIDE_PT / max(size))
    return size[0] * unit_pt, size[1] * unit_pt


def _scaled(image: Image.Image, width_pt: float, height_pt: float, limit_px: float) -> Image.Image:
    """Returns the image with square pixels and a long side of `limit_px` at most. It is never enlarged beyond that."""
    from PIL import Image

    scale = min(limit_px / max(width_pt, height_pt), max(image.width / width_pt, image.height / height_pt))
    size = max(1, round(width_pt * scale)), max(1, round(height_pt * scale))
    return image if size == image.size else image.resize(size, Image.Resampling.BILINEAR, reducing_gap=3.0)


SOURCE = ImageSource()
