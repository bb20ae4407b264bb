"""Reads page files (`schemas.page_file`): images or PDFs beside the file, with the words that are given there.

Given words are not read again, straightened or compared with the image. They become lines and tokens like all others.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from pipelines.config import PageConfig
from pipelines.lines.direction import is_right_to_left
from pipelines.lines.words import RawWord
from pipelines.ocr.engine import OcrEngine
from pipelines.page.reading import EngineName, PageError, Reading
from pipelines.page.scan import check_not_blank, turned
from pipelines.page.stopwatch import Stopwatch
from pipelines.sources.base import Document, Picturable, Picture
from schemas import PageStatus, SchemaError
from schemas.page_file import PAGE_FILE_SUFFIX, FilePage, GivenWord, decode_file_page

WHITE = 255
_REMOTE = (
    "a page file must be on a local disk or a mounted one: the images that it names are not fetched from remote storage"
)


class PageFileSource:
    """Opens page files. Page N of the document is line N of the file."""

    suffixes = (PAGE_FILE_SUFFIX,)

    def open(self, path: Path) -> PageFileDocument:
        """Opens a page file.

        Raises:
            PageError: the file is empty, or a copy of a remote file.
        """
        lines = path.read_bytes().splitlines()
        if not lines:
            raise PageError(PageStatus.EMPTY, "no page in it")
        return PageFileDocument(_folder_of(path), lines)


def _folder_of(path: Path) -> Path:
    """Returns the folder in which the page file is. Only copies and links of the build have other names."""
    if path.name.lower().endswith(PAGE_FILE_SUFFIX):
        return path.parent
    if path.is_symlink():  # stands for a name that is not UTF-8
        return path.resolve().parent
    raise PageError(PageStatus.UNREADABLE, _REMOTE)


class PageFileDocument:
    """An open page file. See `pipelines.sources.base.Document`."""

    detail = ""

    def __init__(self, folder: Path, lines: list[bytes]) -> None:
        self._folder = folder
        self._lines = lines
        self.pages = len(lines)
        self._open: tuple[str, Document] | None = None

    def read(self, page: int, config: PageConfig, engine: OcrEngine | None, watch: Stopwatch) -> Reading:
        """Reads a page: its image with the given words, or without these what the source of its file reads.

        Raises:
            PageError: the line or a box is not valid, or the file that it names cannot be used.
        """
        try:
            listed = decode_file_page(self._lines[page - 1], f"line {page}")
        except SchemaError as error:
            raise PageError(PageStatus.CORRUPT, str(error)) from error
        if not listed.file:
            picture = _white_page(listed, config.image_long_side)
            return with_given_words(picture.reading, picture.size, listed)
        document = self._document(listed.file)
        if listed.page > document.pages:
            raise PageError(PageStatus.CORRUPT, f"{listed.file} has no page {listed.page}: it has {document.pages}")
        if listed.words is None:
            return document.read(listed.page, config, engine, watch)
        if not isinstance(document, Picturable):
            raise PageError(PageStatus.CORRUPT, f"{listed.file}: documents of this kind cannot be shown without words")
        with watch.stage("render"):
            picture = document.picture(listed.page, config)
            return with_given_words(picture.reading, listed.size or picture.size, listed)

    def _document(self, file: str) -> Document:
        """Returns the document that a line names. The last one stays open for the next line."""
        from pipelines.sources import source_of  # which imports this module

        if self._open and self._open[0] == file:
            return self._open[1]
        self.close()
        if file.lower().endswith(PAGE_FILE_SUFFIX):
            raise PageError(PageStatus.CORRUPT, f"{file}: a page file cannot name another page file")
        path = self._folder / file
        try:
            path.open("rb").close()
            document = source_of(file).open(path)
        except PageError as error:
            raise PageError(error.status, f"{file}: {error.detail}") from error
        except (OSError, ValueError) as error:  # ValueError: a name with a zero byte
            reason = getattr(error, "strerror", None) or str(error)
            raise PageError(PageStatus.UNREADABLE, f"{file} cannot be read: {reason}") from error
        self._open = file, document
        return document

    def close(self) -> None:
        """Closes the document that was read last."""
        if self._open:
            self._open[1].close()
            self._open = None


def _white_page(listed: FilePage, long_side_px: int) -> Picture:
    """Returns an empty picture for a page whose image is not known; it is one thousand points long."""
    if listed.words is None or listed.size is None:
        raise PageError(PageStatus.CORRUPT, "a page without file needs words and size")
    width, height = (side / max(listed.size) for side in listed.size)
    shape = (max(1, round(height * long_side_px)), max(1, round(width * long_side_px)), 3)
    return Picture(Reading(np.full(shape, WHITE, np.uint8), [], 1000 * width, 1000 * height, "pdf"), listed.size)


def with_given_words(picture: Reading, size: tuple[float, float], listed: FilePage) -> Reading:
    """Returns the upright page with the words of a page file.

    Args:
        picture: the page as viewers show it, without words.
        size: width and height of the page in the units of the boxes.
        listed: the line of the page file; its words are not None.

    Raises:
        PageError: a score or a box is not valid, or the page is blank and has no words.
    """
    given = listed.words or ()
    if not given:
        check_not_blank(picture.image)
    if odd := [word.score for word in given if not 0 <= word.score <= 1]:
        raise PageError(PageStatus.CORRUPT, f"a score is {odd[0]:g}, it must be from 0 to 1")
    image = turned(picture.image, listed.rotation)
    height, width = picture.image.shape[:2]
    boxes = _turned_boxes(_in_pixels(given, size, width, height), listed.rotation, width, height)
    words, outside = _on_page(given, boxes, image.shape[1], image.shape[0])
    width_pt, height_pt = (picture.width_pt, picture.height_pt)[:: -1 if listed.rotation % 180 else 1]
    note = f"words outside of the page left out: {outside}" if outside else ""
    return replace(
        picture,
        image=image,
        words=words,
        width_pt=width_pt,
        height_pt=height_pt,
        text_source="ocr" if listed.engine else "pdf",
        engine=EngineName(listed.engine, "", "") if listed.engine else None,
        rotation=(picture.rotation + listed.rotation) % 360,
        detail="; ".join(filter(None, [picture.detail, note])),
    )


def _in_pixels(given: tuple[GivenWord, ...], size: tuple[float, float], width: int, height: int) -> np.ndarray:
    """Returns the boxes of the words with their corners in order, `(n, 4)`, in pixels of the image as it is shown."""
    corners = np.array([word.box for word in given], np.float64).reshape(-1, 2, 2)
    with np.errstate(over="ignore", invalid="ignore"):
        corners = corners * (np.array([width, height]) / size)
    if not np.isfinite(corners).all():
        raise PageError(PageStatus.CORRUPT, "a box is too large for the size of the page")
    return np.hstack([corners.min(axis=1), corners.max(axis=1)])


def _turned_boxes(boxes: np.ndarray, degrees: int, width: int, height: int) -> np.ndarray:
    """Returns where boxes `(n, 4)` are when their image of `width` by `height` pixels is turned clockwise."""
    x0, y0, x1, y1 = boxes.T
    if degrees == 90:
        return np.stack([height - y1, x0, height - y0, x1], axis=1)
    if degrees == 180:
        return np.stack([width - x1, height - y1, width - x0, height - y0], axis=1)
    if degrees == 270:
        return np.stack([y0, width - x1, y1, width - x0], axis=1)
    return boxes


def _on_page(given: tuple[GivenWord, ...], boxes: np.ndarray, width: int, height: int) -> tuple[list[RawWord], int]:
    """Returns the words with boxes clipped to the page, and the number of those that are outside of it."""
    is_inside = (boxes[:, 0] < width) & (boxes[:, 1] < height) & (boxes[:, 2] >= 0) & (boxes[:, 3] >= 0)
    words: list[RawWord] = []
    for source in np.flatnonzero(is_inside).tolist():
        words += (_clipped(part, width, height) for part in _parts(given[source], boxes[source].tolist(), source))
    return words, int(len(given) - is_inside.sum())


def _clipped(word: RawWord, width: int, height: int) -> RawWord:
    x0, x1 = (min(max(x, 0.0), float(width)) for x in (word.x0, word.x1))
    y0, y1 = (min(max(y, 0.0), float(height)) for y in (word.y0, word.y1))
    return replace(word, x0=x0, y0=y0, x1=x1, y1=y1)


def _parts(word: GivenWord, box: list[float], source: int) -> Iterator[RawWord]:
    """Yields a given word cut at its blanks. The parts share the width of the box by their number of characters."""
    x0, y0, x1, y1 = box
    text = word.text.strip()
    unit = (x1 - x0) / max(1, len(text))
    for part in re.finditer(r"\S+", text):
        left, right = x0 + unit * part.start(), x0 + unit * part.end()
        if is_right_to_left(text):
            left, right = x0 + x1 - right, x0 + x1 - left
        yield RawWord(part.group(), left, y0, right, y1, word.score, source=source)


SOURCE = PageFileSource()
