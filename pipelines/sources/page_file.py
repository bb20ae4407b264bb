"""Reads page files: page images with the words that another program has read on them (`schemas.page_file`)."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from pipelines.config import PageConfig
from pipelines.lines.words import RawWord
from pipelines.ocr.engine import OcrEngine
from pipelines.page.reading import EngineName, PageError, Reading
from pipelines.page.stopwatch import Stopwatch
from pipelines.sources.base import Document
from pipelines.sources.pdf import mupdf
from schemas import PageStatus, SchemaError
from schemas.page_file import PAGE_FILE_SUFFIX, FilePage, GivenWord, decode_page_file

PDF = ".pdf"
PAGE_WIDTH_PT = 612.0  # of images, whose size on paper is not known: the width of a letter page
WHITE = 255
ORIENTATION, SIDEWAYS = 0x0112, range(5, 9)  # the EXIF tag, and its values for images that lie on a side
NO_BLANKS = re.compile(r"\S+")


class PageFileSource:
    """Opens page files."""

    suffixes = (PAGE_FILE_SUFFIX,)

    def open(self, path: Path) -> PageFileDocument:
        """Opens a page file.

        Raises:
            PageError: the file cannot be read, or a line is not a page.
        """
        try:
            pages = decode_page_file(path.read_bytes(), path.name)
        except SchemaError as error:
            raise PageError(PageStatus.CORRUPT, str(error)) from error
        if not pages:
            raise PageError(PageStatus.EMPTY, "the page file has no line")
        return PageFileDocument(path.parent, pages)


class PageFileDocument:
    """An open page file. See `pipelines.sources.base.Document`.

    Args:
        folder: the folder of the page file. It must also hold the images: a page file of a remote folder has none.
        pages: the lines of the file.
    """

    detail = ""

    def __init__(self, folder: Path, pages: list[FilePage]) -> None:
        self.pages = len(pages)
        self._folder, self._lines = folder, pages

    def read(self, page: int, config: PageConfig, engine: OcrEngine | None, watch: Stopwatch) -> Reading:
        """Reads a page. Given words are not read again; without them, the image is read like any other document.

        Raises:
            PageError: the image cannot be used.
        """
        line = self._lines[page - 1]
        if line.words is None:
            with closing(self._open(line)) as document:
                _require_page(line, document.pages)
                return document.read(line.page, config, engine, watch)
        with watch.stage("render"):
            picture = self._picture(line, config)
        words = _placed(line.words, picture)
        turned = np.ascontiguousarray(np.rot90(picture.pixels, -line.rotation // 90))
        height, width = turned.shape[:2]
        return Reading(
            image=turned,
            words=[_turned(word, width, height, line.rotation) for word in words],
            width_pt=PAGE_WIDTH_PT,
            height_pt=PAGE_WIDTH_PT * height / width,
            text_source="ocr" if line.engine else "pdf",
            engine=EngineName(line.engine, "", "") if line.engine else None,
            rotation=line.rotation,
        )

    def close(self) -> None:
        """Does nothing: the images are closed after each page."""

    def _path(self, line: FilePage) -> Path:
        path = self._folder / line.file
        if not path.is_file():
            raise PageError(PageStatus.UNREADABLE, f"{line.file} does not exist beside the page file")
        return path

    def _open(self, line: FilePage) -> Document:
        from pipelines.sources import source_of

        return source_of(line.file).open(self._path(line))

    def _picture(self, line: FilePage, config: PageConfig) -> Picture:
        """Returns the image of a page with given words, not turned yet."""
        if not line.file:
            return _white(line.size or (1, 1), config.image_long_side)
        path = self._path(line)
        if path.suffix.lower() == PDF:
            pixels = _rendered(path, line, config)
            height, width = pixels.shape[:2]
            return Picture(pixels, line.size or (width, height))
        return _loaded(path, line, config.image_long_side)


@dataclass(frozen=True)
class Picture:
    """The image of a page.

    Attributes:
        pixels: (height, width, 3) uint8 RGB.
        size: width and height of the page in the units of the boxes.
    """

    pixels: np.ndarray
    size: tuple[float, float]


def _require_page(line: FilePage, pages: int) -> None:
    if line.page > pages:
        raise PageError(PageStatus.CORRUPT, f"{line.file} has no page {line.page}, only {pages}")


def _white(size: tuple[float, float], long_side_px: int) -> Picture:
    """Returns an empty page: the words have no image."""
    scale = long_side_px / max(size)
    shape = (max(1, round(size[1] * scale)), max(1, round(size[0] * scale)), 3)
    return Picture(np.full(shape, WHITE, np.uint8), size)


def _rendered(path: Path, line: FilePage, config: PageConfig) -> np.ndarray:
    with closing(mupdf.open_document(path)) as document:
        _require_page(line, document.page_count)
        page = mupdf.load_page(document, line.page)
        return mupdf.render(page, config.dpi, config.image_long_side, config.image_long_side)


def _loaded(path: Path, line: FilePage, long_side_px: int) -> Picture:
    """Returns an image file. A JPEG is decoded at a lower resolution if that is enough, which is much faster."""
    from PIL import Image, ImageOps, UnidentifiedImageError

    try:
        with warnings.catch_warnings(), Image.open(path) as image:
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            _require_page(line, getattr(image, "n_frames", 1))
            image.seek(line.page - 1)
            width, height = image.size
            image.draft("RGB", (long_side_px, long_side_px))
            turned = image.getexif().get(ORIENTATION, 1) in SIDEWAYS
            pixels = np.array(ImageOps.exif_transpose(image).convert("RGB"))
            return Picture(pixels, line.size or ((height, width) if turned else (width, height)))
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise PageError(PageStatus.TOO_LARGE, f"{line.file}: {error}") from error
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError) as error:
        raise PageError(PageStatus.CORRUPT, f"{line.file}: {error}") from error


def _placed(words: tuple[GivenWord, ...], picture: Picture) -> Iterator[RawWord]:
    """Yields the words in pixels. A text with blanks becomes several words that share its width by their lengths."""
    height, width = picture.pixels.shape[:2]
    scale_x, scale_y = width / picture.size[0], height / picture.size[1]
    for source, word in enumerate(words):
        x0, x1 = sorted((word.box[0] * scale_x, word.box[2] * scale_x))
        y0, y1 = sorted((word.box[1] * scale_y, word.box[3] * scale_y))
        per_character = (x1 - x0) / max(len(word.text), 1)
        for part in NO_BLANKS.finditer(word.text):
            start, end = part.span()
            left, right = x0 + start * per_character, x0 + end * per_character
            yield RawWord(part[0], left, y0, right, y1, word.score, source=source)


def _turned(word: RawWord, width: int, height: int, rotation: int) -> RawWord:
    """Returns a word on the page after it was turned clockwise. `width` and `height` are those of the turned page."""
    x0, y0, x1, y1 = word.box
    boxes = {
        0: (x0, y0, x1, y1),
        90: (width - y1, x0, width - y0, x1),
        180: (width - x1, height - y1, width - x0, height - y0),
        270: (y0, height - x1, y1, height - x0),
    }
    left, top, right, bottom = boxes[rotation]
    return replace(word, x0=left, y0=top, x1=right, y1=bottom)


SOURCE = PageFileSource()
