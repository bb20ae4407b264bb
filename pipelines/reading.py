"""A page as it is read: turned upright, straightened, its words from the text layer or by OCR."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from pipelines import documents
from pipelines.config import PageConfig
from pipelines.deskew import deskew, estimate_skew, upright_points
from pipelines.documents import PageError
from pipelines.ocr import OcrEngine, OcrPage
from pipelines.page_content import PageContent, image_share
from pipelines.page_image import is_blank
from pipelines.stopwatch import Stopwatch
from pipelines.text import SCAN_IMAGE_SHARE, flaw_of_layer, is_broken
from pipelines.words import RawWord
from schemas import PageStatus

if TYPE_CHECKING:
    import pymupdf

Found = TypeVar("Found")

SKEW_LONG_SIDE_PX = 1024  # in which skew is found as well as in the pixels that OCR needs
MIN_SKEW_DEG = 0.15  # below it, turning the image costs more sharpness than it mends


@dataclass(frozen=True)
class Reading:
    """An upright page image and its words, in any order.

    Attributes:
        image: `(height, width, 3)` uint8 RGB.
        words: boxes in pixels of `image`.
        text_source: `ocr` or `pdf`.
        skew_deg: skew that was removed.
    """

    image: np.ndarray
    words: list[RawWord]
    text_source: str
    skew_deg: float


@dataclass(frozen=True)
class _View:
    """A page as its /Rotate entry turns it, straightened; `layer` holds the words that the text layer is to supply."""

    image: np.ndarray
    skew_deg: float
    layer: list[RawWord] | None


class PageReader:
    """Reads pages upright.

    Args:
        config: the settings.
        engine: not needed where `config.text_source` is `pdf`.
    """

    def __init__(self, config: PageConfig, engine: OcrEngine | None) -> None:
        self.config = config
        self.engine = engine

    def read(self, page: pymupdf.Page, watch: Stopwatch) -> Reading:
        """Returns the page upright, and turns it so in its open document: its size and rotation are then upright too.

        Args:
            page: as it was loaded.
            watch: is told the stages `render` (pixels, straightened, and text layer) and `ocr`.

        Raises:
            PageError: blank, too damaged to be rendered, or too much for the OCR engine.
        """
        with watch.stage("render"):
            view = self._view(page)
        ocr_page = None if view.layer is not None else self._examine(view.image)
        rotation = self._rotation(page, view, ocr_page, watch)
        if rotation:
            with watch.stage("render"):
                documents.turn(page, rotation)
                view = self._view(page)
            ocr_page = None if view.layer is not None else self._examine(view.image)
        if ocr_page is None:
            return Reading(view.image, view.layer or [], "pdf", view.skew_deg)
        with watch.stage("ocr"):
            words = _or_failed(ocr_page.words)
        return Reading(view.image, words, "ocr", view.skew_deg)

    def _view(self, page: pymupdf.Page) -> _View:
        is_judged = self.config.text_source == "auto"
        content = PageContent.of(page) if is_judged else PageContent(image_share(page))
        words = self._layer(page, content)
        is_scan = content.image_share >= SCAN_IMAGE_SHARE
        image = self._render(page, for_ocr=words is None, for_skew=is_scan)
        if is_blank(image):
            raise PageError(PageStatus.BLANK, "nothing on it")
        skew_deg = round(estimate_skew(image), 2) if is_scan else 0.0  # what was typeset stands straight
        if abs(skew_deg) < MIN_SKEW_DEG:
            skew_deg = 0.0
        layer = None if words is None else _in_pixels(words, page, image.shape, skew_deg)
        return _View(deskew(image, skew_deg) if skew_deg else image, skew_deg, layer)

    def _layer(self, page: pymupdf.Page, content: PageContent) -> list[RawWord] | None:
        """Returns the words that the text layer is to supply, in points; None where OCR is to."""
        if self.config.text_source == "ocr":
            return None
        words = documents.text_layer(page)
        return words if self.config.text_source == "pdf" or not flaw_of_layer(words, content) else None

    def _render(self, page: pymupdf.Page, for_ocr: bool, for_skew: bool) -> np.ndarray:
        """Returns the page's pixels, no more than are stored unless more are needed to find words or skew."""
        stored_px, most_px = self.config.image_long_side, self.config.max_long_side_px
        needed_px = most_px if for_ocr else max(stored_px, SKEW_LONG_SIDE_PX if for_skew else 0)
        return documents.render(page, self.config.dpi, stored_px, min(needed_px, most_px))

    def _rotation(self, page: pymupdf.Page, view: _View, ocr_page: OcrPage | None, watch: Stopwatch) -> int:
        """Returns the degrees clockwise to turn the page by, from the source of its words: it knows their direction."""
        if ocr_page is not None:
            with watch.stage("ocr"):
                return _or_failed(ocr_page.rotation)
        return 0 if is_broken(view.layer or []) else documents.text_rotation(page)

    def _examine(self, image: np.ndarray) -> OcrPage:
        assert self.engine is not None, "only text_source=pdf goes without an engine"
        return self.engine.examine(image)


def _or_failed(step: Callable[[], Found]) -> Found:
    try:
        return step()
    except (RuntimeError, ValueError, IndexError, MemoryError) as error:
        raise PageError(PageStatus.OCR_FAILED, f"{type(error).__name__}: {error}") from error


def _in_pixels(words: list[RawWord], page: pymupdf.Page, shape: tuple[int, ...], skew_deg: float) -> list[RawWord]:
    """Takes the text layer from points to pixels of the upright image; words off the page are left out."""
    height, width = shape[:2]
    corners = np.array([(word.x0, word.y0, word.x1, word.y1) for word in words]).reshape(-1, 2, 2)
    corners = corners * (width / page.rect.width, height / page.rect.height)
    centres = upright_points(corners.mean(axis=1), skew_deg, width, height)
    reach = np.ptp(corners, axis=1) / 2
    on_page = np.flatnonzero(((centres >= 0) & (centres < (width, height))).all(axis=1))
    boxes = np.hstack([centres - reach, centres + reach])[on_page].tolist()
    return [RawWord(words[i].text, x0, y0, x1, y1, 1.0) for i, (x0, y0, x1, y1) in zip(on_page, boxes, strict=True)]
