"""One page, from PDF to sample: the function that a build runs for every page, inside a sandbox child."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from pipelines import documents
from pipelines.config import PageConfig
from pipelines.deskew import deskew, estimate_skew, upright_points
from pipelines.documents import PageError
from pipelines.lines import order_words
from pipelines.ocr import OcrEngine, OcrWord, load_engine
from pipelines.page_image import is_blank, to_jpeg
from pipelines.text import SCAN_IMAGE_SHARE, is_right_to_left, text_layer_is_trusted
from pipelines.tokens import token_array
from schemas import Line, Page, PageStatus, Tokenizer, Word, box_1000, encode_sample, hull, load_tokenizer, page_key

if TYPE_CHECKING:
    import pymupdf

MIN_SKEW_DEG = 0.15  # below it, turning the image costs more sharpness than it mends


@dataclass(frozen=True)
class PageTask:
    """One page to build: `path` holds the document's bytes on this machine, `uri` is its name in the corpus."""

    path: Path
    uri: str
    doc_sha256: str
    page: int
    pages: int

    @property
    def key(self) -> str:
        """The sample key."""
        return page_key(self.doc_sha256, self.page)


@dataclass(frozen=True)
class PageFacts:
    """What the manifest tells of an attempted page; zeros where it did not get that far."""

    status: PageStatus
    detail: str = ""
    text_source: str = ""
    words: int = 0
    lines: int = 0
    tokens: int = 0
    mean_score: float = 0.0
    image_width: int = 0
    image_height: int = 0
    rotation: int = 0
    skew_deg: float = 0.0
    seconds: float = 0.0


@dataclass(frozen=True)
class PageResult:
    """The facts of a page and, where it is ok, its sample's members."""

    facts: PageFacts
    sample: dict[str, str | bytes] | None = None


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
    words: list[OcrWord]
    text_source: str
    skew_deg: float


@dataclass(frozen=True)
class PageBuilderFactory:
    """Makes the `PageBuilder` in the child process; travels there in place of the engine, which cannot."""

    config: PageConfig

    def __call__(self) -> PageBuilder:
        import cv2

        cv2.setNumThreads(1)  # the cores are shared out by processes
        engine = None
        if self.config.text_source != "pdf":
            engine = load_engine(self.config.ocr, model=self.config.ocr_model, precision=self.config.ocr_precision)
        return PageBuilder(self.config, engine, load_tokenizer(self.config.tokenizer))


class PageBuilder:
    """Builds pages one after the other: the same document and page number give the same result."""

    def __init__(self, config: PageConfig, engine: OcrEngine | None, tokenizer: Tokenizer) -> None:
        self.config = config
        self.engine = engine
        self.tokenizer = tokenizer
        self._open = lru_cache(maxsize=1)(documents.open_document)  # a unit's pages come document by document

    def __call__(self, task: PageTask) -> PageResult:
        """Returns the page's facts and sample; what is wrong with a page is in its facts, not an exception."""
        started = time.monotonic()
        try:
            result = self._build(task)
        except PageError as error:
            result = PageResult(PageFacts(error.status, error.detail))
        return replace(result, facts=replace(result.facts, seconds=time.monotonic() - started))

    def _build(self, task: PageTask) -> PageResult:
        pdf_page = documents.load_page(self._open(task.path), task.page)
        reading = self._read(pdf_page)
        if len(reading.words) < self.config.min_words:
            found = f"{len(reading.words)} words, --min_words is {self.config.min_words}"
            raise PageError(PageStatus.TOO_FEW_WORDS, found)
        jpg, width, height = to_jpeg(reading.image, self.config.image_long_side, self.config.jpeg_quality)
        words, lines = layout(reading)
        engine = self.engine if reading.text_source == "ocr" else None
        page = Page(
            key=task.key,
            uri=task.uri,
            doc_sha256=task.doc_sha256,
            page=task.page,
            pages=task.pages,
            width_pt=round(pdf_page.rect.width, 2),
            height_pt=round(pdf_page.rect.height, 2),
            image_width=width,
            image_height=height,
            rotation=pdf_page.rotation,
            skew_deg=reading.skew_deg,
            text_source=reading.text_source,
            ocr_engine=engine.name if engine else "",
            ocr_model=engine.model if engine else "",
            ocr_version=engine.version if engine else "",
            words=words,
            lines=lines,
        )
        tokens = token_array(page, self.tokenizer, self.config.grid_rows, self.config.grid_cols)
        return PageResult(_facts(page, len(tokens)), encode_sample(page, jpg, tokens))

    def _read(self, pdf_page: pymupdf.Page) -> Reading:
        """Renders the page upright and reads its words from the text layer or by OCR."""
        image = documents.render(pdf_page, self.config.dpi, self.config.image_long_side, self.config.max_long_side_px)
        if is_blank(image):
            raise PageError(PageStatus.BLANK, "nothing on it")
        image_share = documents.image_share(pdf_page)
        skew_deg = 0.0
        if image_share >= SCAN_IMAGE_SHARE:  # what was typeset stands straight
            skew_deg = round(estimate_skew(image), 2)
        if abs(skew_deg) < MIN_SKEW_DEG:
            skew_deg = 0.0
        upright = deskew(image, skew_deg) if skew_deg else image
        if self.config.text_source != "ocr":
            layer = _in_pixels(documents.text_layer(pdf_page), pdf_page, image.shape, skew_deg)
            if self.config.text_source == "pdf" or text_layer_is_trusted(layer, image_share):
                return Reading(upright, layer, "pdf", skew_deg)
        return Reading(upright, self._ocr(upright), "ocr", skew_deg)

    def _ocr(self, image: np.ndarray) -> list[OcrWord]:
        assert self.engine is not None, "only text_source=pdf goes without an engine"
        try:
            return self.engine.read(image)
        except (RuntimeError, ValueError, IndexError, MemoryError) as error:
            raise PageError(PageStatus.OCR_FAILED, f"{type(error).__name__}: {error}") from error


def layout(reading: Reading) -> tuple[tuple[Word, ...], tuple[Line, ...]]:
    """Returns the words in reading order with their lines, and the lines, boxes in thousandths of the page."""
    height, width = reading.image.shape[:2]
    boxes = np.array([(word.x0, word.y0, word.x1, word.y1) for word in reading.words], np.float64).reshape(-1, 4)
    leftward = np.array([is_right_to_left(word.text) for word in reading.words], bool)
    order, line = order_words(boxes, width, height, leftward)
    words = tuple(
        Word(found.text, box_1000(found.x0, found.y0, found.x1, found.y1, width, height), found.score, int(number))
        for found, number in zip((reading.words[i] for i in order), line, strict=True)
    )
    members: dict[int, list[Word]] = {}
    for word in words:
        members.setdefault(word.line, []).append(word)
    return words, tuple(Line(hull(word.box for word in row)) for row in members.values())


def _in_pixels(words: list[OcrWord], pdf_page: pymupdf.Page, shape: tuple[int, ...], skew_deg: float) -> list[OcrWord]:
    """Takes the text layer from points to pixels of the upright image; words off the page are left out."""
    height, width = shape[:2]
    scale_x, scale_y = width / pdf_page.rect.width, height / pdf_page.rect.height
    centres = np.array([((w.x0 + w.x1) / 2 * scale_x, (w.y0 + w.y1) / 2 * scale_y) for w in words]).reshape(-1, 2)
    placed = []
    for word, (x, y) in zip(words, upright_points(centres, skew_deg, width, height), strict=True):
        half_width, half_height = (word.x1 - word.x0) * scale_x / 2, (word.y1 - word.y0) * scale_y / 2
        if 0 <= x < width and 0 <= y < height:
            placed.append(OcrWord(word.text, x - half_width, y - half_height, x + half_width, y + half_height, 1.0))
    return placed


def _facts(page: Page, tokens: int) -> PageFacts:
    return PageFacts(
        status=PageStatus.OK,
        text_source=page.text_source,
        words=len(page.words),
        lines=len(page.lines),
        tokens=tokens,
        mean_score=sum(word.score for word in page.words) / len(page.words),
        image_width=page.image_width,
        image_height=page.image_height,
        rotation=page.rotation,
        skew_deg=page.skew_deg,
    )
