"""Reads pages of PDFs: turns them upright, removes their skew, and takes the words from the text layer or by OCR."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from pipelines.config import PageConfig
from pipelines.ocr.engine import OcrEngine, OcrPage
from pipelines.page.deskew import straighten, upright_points
from pipelines.page.reading import PageError, Reading
from pipelines.page.scan import check_not_blank, name_of, or_failed
from pipelines.page.stopwatch import Stopwatch
from pipelines.sources.base import Picture
from pipelines.sources.pdf import mupdf
from pipelines.sources.pdf.checks.damage import forget
from pipelines.sources.pdf.checks.page_check import PageCheck
from pipelines.sources.pdf.checks.placeholder import shell_of
from pipelines.sources.pdf.text.font_check import is_confirmed, wrong_font
from pipelines.sources.pdf.text.painted import PaintedShares, image_share
from pipelines.sources.pdf.text.text_layer import LayerWord, TextLayer
from pipelines.sources.pdf.text.trust import (
    NO_LANGUAGE,
    SCAN_IMAGE_SHARE,
    flaw_of_layer,
    is_broken,
    is_in_unknown_script,
)
from pipelines.sources.pdf.text.visible import InkMap, are_visible, has_text_at_blanks

if TYPE_CHECKING:
    import pymupdf

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
        return self._checked(page, lambda pdf_page: _PageReader(pdf_page, config, engine, watch, self.detail).read())

    def picture(self, page: int, config: PageConfig) -> Picture:
        """Returns a page without words, at the resolution of the stored image.

        Raises:
            PageError: the page is damaged, too large or a placeholder.
        """

        def shown(pdf_page: pymupdf.Page) -> Reading:
            long_side_px = min(config.image_long_side, config.max_long_side_px)
            image = mupdf.render(pdf_page, config.dpi, long_side_px, long_side_px)
            size = pdf_page.rect.width, pdf_page.rect.height
            return Reading(image, [], *size, "pdf", rotation=pdf_page.rotation, detail=self.detail)

        reading = self._checked(page, shown)
        return Picture(reading, (reading.width_pt, reading.height_pt))

    def _checked(self, page: int, read: Callable[[pymupdf.Page], Reading]) -> Reading:
        forget(empty_store=self._empty_store)
        pdf_page = mupdf.load_page(self._document, page)
        check = PageCheck(pdf_page, self._shell)
        try:
            reading = check.checked(read(pdf_page))
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
        layer: words of the text layer that can be seen, boxes in pixels of `image`; empty if OCR reads the page.
        is_doubtful: the layer needs the engine's confirmation.
        hidden: number of words of the text layer that cannot be seen.
        ocr_page: the image as the OCR engine holds it; None if the words come from the text layer.
        width_pt, height_pt: size of the page in its current rotation, in points.
        rotation: current rotation, in degrees clockwise.
    """

    image: np.ndarray
    skew_deg: float
    layer: list[LayerWord]
    is_doubtful: bool
    hidden: int
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

    @cached_property
    def text_layer(self) -> TextLayer:
        """The text layer of the page, in any rotation."""
        return TextLayer(self.page)

    def read(self) -> Reading:
        """Returns the upright page and its words."""
        view = self._view()
        rotation = self._rotation_to_upright(view)
        if rotation:
            with mupdf.turned(self.page, rotation):
                view = self._view()
        source, name = "pdf", None
        words = [found.word for found in view.layer]
        if view.ocr_page is not None and self.engine is not None:
            source, name = "ocr", name_of(self.engine)
            with self.watch.stage("ocr"):
                words = or_failed(view.ocr_page.words)
        size = view.width_pt, view.height_pt
        detail = "; ".join(filter(None, [self.detail, f"hidden words left out: {view.hidden}" if view.hidden else ""]))
        return Reading(view.image, words, *size, source, name, view.rotation, view.skew_deg, detail)

    def _view(self) -> _View:
        with self.watch.stage("render"):
            page = self.page
            painted = PaintedShares.of(page) if self.config.text_source == "auto" else PaintedShares(image_share(page))
            is_scan = painted.image_share >= SCAN_IMAGE_SHARE
            layer, is_doubtful = self._layer(painted)
            view = None if layer is None else self._view_of_layer(layer, is_doubtful, is_scan)
        if view is not None and not self._is_wrong(view):
            return view
        with self.watch.stage("render"):
            image, skew_deg = self._image(is_scan, for_ocr=True)
            check_not_blank(image)
        return _View(
            image,
            skew_deg,
            [],
            False,
            0,
            self._engine().examine(image),
            page.rect.width,
            page.rect.height,
            page.rotation,
        )

    def _view_of_layer(self, layer: list[LayerWord], is_doubtful: bool, is_scan: bool) -> _View:
        page = self.page
        image, skew_deg = self._image(is_scan, for_ocr=False)
        words = _in_pixels(layer, page, image.shape, skew_deg)
        visible = are_visible(words, InkMap(image), max(page.rect.width, page.rect.height))
        seen = [found for found, is_visible in zip(words, visible, strict=True) if is_visible]
        if is_scan or not seen:  # words in a pale colour are enough for a typeset page
            check_not_blank(image)
        hidden = len(words) - len(seen)
        size = page.rect.width, page.rect.height
        return _View(image, skew_deg, seen, is_doubtful, hidden, None, *size, page.rotation)

    def _layer(self, painted: PaintedShares) -> tuple[list[LayerWord] | None, bool]:
        """Returns the words of the text layer, boxes in points, and whether the engine must confirm them.

        There are no words if OCR must read the page.
        """
        if self.config.text_source == "ocr":
            return None, False
        words = self.text_layer.words()
        flaw = "" if self.config.text_source == "pdf" else flaw_of_layer(words, painted)
        if not flaw or is_in_unknown_script(words, self._engine().alphabet):
            return words, False
        return (words, True) if flaw == NO_LANGUAGE else (None, False)

    def _is_wrong(self, view: _View) -> bool:
        """Returns whether the image shows other words than the text layer holds, or shows none of them."""
        if self.config.text_source == "pdf":
            return False
        height, width = view.image.shape[:2]
        blanks = self.text_layer.blanks() * ([width / view.width_pt, height / view.height_pt] * 2)
        if not view.layer or (len(blanks) and has_text_at_blanks(blanks, view.layer, InkMap(view.image))):
            return True
        with self.watch.stage("ocr"):
            return or_failed(lambda: self._shows_other_words(view))

    def _shows_other_words(self, view: _View) -> bool:
        compared = view.layer, view.image, self._engine()
        return bool(wrong_font(*compared)) or (view.is_doubtful and not is_confirmed(*compared))

    def _image(self, is_scan: bool, for_ocr: bool) -> tuple[np.ndarray, float]:
        """Returns the image of the page without skew, and the skew that was removed.

        The image is no larger than the stored image unless OCR or the skew needs more pixels.
        """
        stored_px, limit_px = self.config.image_long_side, self.config.max_long_side_px
        needed_px = limit_px if for_ocr else max(stored_px, SKEW_LONG_SIDE_PX if is_scan else 0)
        image = mupdf.render(self.page, self.config.dpi, stored_px, min(needed_px, limit_px))
        return straighten(image) if is_scan else (image, 0.0)  # typeset pages have no skew

    def _engine(self) -> OcrEngine:
        assert self.engine is not None, "only text_source=pdf works without an engine"
        return self.engine

    def _rotation_to_upright(self, view: _View) -> int:
        """Returns by how many degrees clockwise to turn the page; the source of its words knows their direction."""
        if view.ocr_page is not None:
            with self.watch.stage("ocr"):
                return or_failed(view.ocr_page.rotation)
        return 0 if is_broken(view.layer) else self.text_layer.rotation()


def _in_pixels(words: list[LayerWord], page: pymupdf.Page, shape: tuple[int, ...], skew_deg: float) -> list[LayerWord]:
    """Converts the text layer from points to pixels of the image without skew, and drops words outside of the page."""
    height, width = shape[:2]
    corners = np.array([found.word.box for found in words])
    corners = corners.reshape(-1, 2, 2) * (width / page.rect.width, height / page.rect.height)  # (words, 2, 2)
    centres = upright_points(corners.mean(axis=1), skew_deg, width, height)  # (words, 2)
    half_size = np.ptp(corners, axis=1) / 2  # (words, 2)
    on_page = np.flatnonzero(((centres >= 0) & (centres < (width, height))).all(axis=1))
    boxes = np.hstack([centres - half_size, centres + half_size])[on_page].tolist()
    return [words[i].at(*box) for i, box in zip(on_page, boxes, strict=True)]
