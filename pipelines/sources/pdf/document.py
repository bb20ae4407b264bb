"""Reads pages of PDFs: turns them upright, removes their skew, and takes the words from the text layer or by OCR."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from pipelines.config import PageConfig
from pipelines.lines.words import RawWord
from pipelines.ocr.engine import OcrEngine, OcrPage
from pipelines.page.deskew import straighten, upright_points
from pipelines.page.image import is_blank
from pipelines.page.reading import EngineName, PageError, Reading
from pipelines.page.stopwatch import Stopwatch
from pipelines.sources.pdf import mupdf
from pipelines.sources.pdf.damage import forget
from pipelines.sources.pdf.page_check import PageCheck
from pipelines.sources.pdf.painted import PaintedShares, image_share
from pipelines.sources.pdf.placeholder import shell_of
from pipelines.sources.pdf.text_layer import SCAN_IMAGE_SHARE, flaw_of_layer, is_broken
from schemas import PageStatus

if TYPE_CHECKING:
    import pymupdf

Answer = TypeVar("Answer")

SKEW_LONG_SIDE_PX = 1024  # skew is found as precisely with these pixels as with those that OCR needs


class PdfSource:
    """Opens PDFs through PyMuPDF."""

    suffixes = (".pdf",)

    def open(self, path: Path) -> PdfDocument:
        """Opens a PDF.

        Raises:
            PageError: the file is empty, not a PDF, damaged beyond repair, protected by a password, or has no pages.
        """
        return PdfDocument(mupdf.open_document(path))


class PdfDocument:
    """An open PDF. See `pipelines.sources.base.Document`."""

    def __init__(self, document: pymupdf.Document) -> None:
        self._document = document
        self.pages = document.page_count
        # Read now: MuPDF can repair more later, and that depends on which pages this process reads.
        self.detail = mupdf.repair_of(document)
        self._shell = shell_of(document)
        self._empty_store = False

    def read(self, page: int, config: PageConfig, engine: OcrEngine | None, watch: Stopwatch) -> Reading:
        """Reads a page.

        Raises:
            PageError: the page is blank, damaged, too large or a placeholder, or the OCR engine failed on it.
        """
        forget(empty_store=self._empty_store)
        pdf_page = mupdf.load_page(self._document, page)
        check = PageCheck(pdf_page, self._shell)
        try:
            reading = check.checked(_PageReader(pdf_page, config, engine, watch, self.detail).read())
        except PageError as error:
            self._empty_store = True
            raise check.error(error) from None
        self._empty_store = self._empty_store or bool(reading.damage)
        return reading

    def close(self) -> None:
        """Closes the PDF."""
        self._document.close()


@dataclass(frozen=True)
class _View:
    """A page in its current rotation, without skew.

    Attributes:
        image: `(height, width, 3)` uint8 RGB.
        skew_deg: skew that was removed, in degrees.
        layer: words of the text layer, boxes in pixels of `image`; empty if OCR reads the page.
        ocr_page: the image as the OCR engine holds it; None if the words come from the text layer.
        width_pt, height_pt: size of the page in its current rotation, in points.
        rotation: current rotation, in degrees clockwise.
    """

    image: np.ndarray
    skew_deg: float
    layer: list[RawWord]
    ocr_page: OcrPage | None
    width_pt: float
    height_pt: float
    rotation: int


class _PageReader:
    """Reads one page."""

    def __init__(
        self, page: pymupdf.Page, config: PageConfig, engine: OcrEngine | None, watch: Stopwatch, detail: str
    ) -> None:
        self.page = page
        self.config = config
        self.engine = engine
        self.watch = watch
        self.detail = detail

    def read(self) -> Reading:
        """Returns the upright page and its words."""
        view = self._view()
        rotation = self._rotation_to_upright(view)
        if rotation:
            with mupdf.turned(self.page, rotation):
                view = self._view()
        source, name = "pdf", None
        words = view.layer
        if view.ocr_page is not None and self.engine is not None:
            source, name = "ocr", EngineName(self.engine.name, self.engine.model, self.engine.version)
            with self.watch.stage("ocr"):
                words = _or_failed(view.ocr_page.words)
        size = view.width_pt, view.height_pt
        return Reading(view.image, words, *size, source, name, view.rotation, view.skew_deg, self.detail)

    def _view(self) -> _View:
        with self.watch.stage("render"):
            page = self.page
            painted = PaintedShares.of(page) if self.config.text_source == "auto" else PaintedShares(image_share(page))
            layer = self._layer(painted)
            is_scan = painted.image_share >= SCAN_IMAGE_SHARE
            image = self._render(for_ocr=layer is None, for_skew=is_scan)
            if is_blank(image):
                raise PageError(PageStatus.BLANK, "nothing on it")
            image, skew_deg = straighten(image) if is_scan else (image, 0.0)  # typeset pages have no skew
            words = _in_pixels(layer or [], page, image.shape, skew_deg)
        ocr_page = self._examine(image) if layer is None else None
        return _View(image, skew_deg, words, ocr_page, page.rect.width, page.rect.height, page.rotation)

    def _layer(self, painted: PaintedShares) -> list[RawWord] | None:
        """Returns the words of the text layer, boxes in points, or None if OCR must read the page."""
        if self.config.text_source == "ocr":
            return None
        words = mupdf.text_layer(self.page)
        return words if self.config.text_source == "pdf" or not flaw_of_layer(words, painted) else None

    def _render(self, for_ocr: bool, for_skew: bool) -> np.ndarray:
        """Returns the image of the page, no larger than the stored image unless OCR or the skew needs more pixels."""
        stored_px, limit_px = self.config.image_long_side, self.config.max_long_side_px
        needed_px = limit_px if for_ocr else max(stored_px, SKEW_LONG_SIDE_PX if for_skew else 0)
        return mupdf.render(self.page, self.config.dpi, stored_px, min(needed_px, limit_px))

    def _examine(self, image: np.ndarray) -> OcrPage:
        assert self.engine is not None, "only text_source=pdf works without an engine"
        return self.engine.examine(image)

    def _rotation_to_upright(self, view: _View) -> int:
        """Returns by how many degrees clockwise to turn the page; the source of its words knows their direction."""
        if view.ocr_page is not None:
            with self.watch.stage("ocr"):
                return _or_failed(view.ocr_page.rotation)
        return 0 if is_broken(view.layer) else mupdf.text_rotation(self.page)


def _or_failed(step: Callable[[], Answer]) -> Answer:
    try:
        return step()
    except (RuntimeError, ValueError, IndexError, MemoryError) as error:
        raise PageError(PageStatus.OCR_FAILED, f"{type(error).__name__}: {error}") from error


def _in_pixels(words: list[RawWord], page: pymupdf.Page, shape: tuple[int, ...], skew_deg: float) -> list[RawWord]:
    """Converts the text layer from points to pixels of the image without skew, and drops words outside of the page."""
    height, width = shape[:2]
    corners = np.array([(word.x0, word.y0, word.x1, word.y1) for word in words]).reshape(-1, 2, 2)  # (words, 2, 2)
    corners = corners * (width / page.rect.width, height / page.rect.height)
    centres = upright_points(corners.mean(axis=1), skew_deg, width, height)  # (words, 2)
    half_size = np.ptp(corners, axis=1) / 2  # (words, 2)
    on_page = np.flatnonzero(((centres >= 0) & (centres < (width, height))).all(axis=1))
    boxes = np.hstack([centres - half_size, centres + half_size])[on_page].tolist()
    return [RawWord(words[i].text, x0, y0, x1, y1, 1.0) for i, (x0, y0, x1, y1) in zip(on_page, boxes, strict=True)]
