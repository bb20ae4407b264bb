"""One page, from PDF to sample: the function that a build runs for every page, inside a sandbox child."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from pipelines import documents
from pipelines.config import PageConfig
from pipelines.documents import PageError
from pipelines.filters import PageText
from pipelines.filters.language import language_of
from pipelines.lines import order_words
from pipelines.ocr import OcrEngine, load_engine
from pipelines.page_image import to_jpeg
from pipelines.reading import PageReader, Reading
from pipelines.stopwatch import Stopwatch
from pipelines.text import is_right_to_left
from pipelines.tokens import token_array
from schemas import Line, Page, PageStatus, Tokenizer, Word, box_1000, encode_sample, hull, load_tokenizer, page_key

if TYPE_CHECKING:
    import pymupdf


@dataclass(frozen=True)
class PageTask:
    """One page to build.

    Attributes:
        path: holds the document's bytes on this machine.
        uri: the document's name in the corpus.
        stamp: `documents.stamp_of(path)` before its hash was taken; a page is not read from a file that has another.
    """

    path: Path
    uri: str
    doc_sha256: str
    page: int
    pages: int
    stamp: tuple[int, int, int] | None = None

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
    language: str = ""
    words: int = 0
    lines: int = 0
    tokens: int = 0
    mean_score: float = 0.0
    image_width: int = 0
    image_height: int = 0
    rotation: int = 0
    skew_deg: float = 0.0
    seconds: float = 0.0
    seconds_render: float = 0.0
    seconds_ocr: float = 0.0
    seconds_rest: float = 0.0


@dataclass(frozen=True)
class PageResult:
    """The facts of a page and, where it is ok, its sample's members."""

    facts: PageFacts
    sample: dict[str, str | bytes] | None = None


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
        self._reader = PageReader(config, engine)
        self._open = lru_cache(maxsize=1)(_open)  # a unit's pages come document by document

    def __call__(self, task: PageTask) -> PageResult:
        """Returns the page's facts and sample; what is wrong with a page is in its facts, not an exception."""
        watch = Stopwatch()
        try:
            result = self._build(task, watch)
        except PageError as error:
            result = PageResult(PageFacts(error.status, error.detail))
        return replace(result, facts=_timed(result.facts, watch))

    def _build(self, task: PageTask, watch: Stopwatch) -> PageResult:
        if task.stamp and _stamp(task.path) != task.stamp:
            raise PageError(PageStatus.CHANGED, "its file was written to or replaced during the build")
        document, repair = self._open(task.path)
        pdf_page = documents.load_page(document, task.page)
        reading = self._reader.read(pdf_page, watch)
        facts = self._filtered(_facts(reading, pdf_page.rotation, repair), reading)
        if facts.status is not PageStatus.OK:
            return PageResult(facts)
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
            rotation=facts.rotation,
            skew_deg=facts.skew_deg,
            text_source=facts.text_source,
            ocr_engine=engine.name if engine else "",
            ocr_model=engine.model if engine else "",
            ocr_version=engine.version if engine else "",
            words=words,
            lines=lines,
        )
        tokens = token_array(page, self.tokenizer, self.config.grid_rows, self.config.grid_cols)
        facts = replace(facts, lines=len(lines), tokens=len(tokens), image_width=width, image_height=height)
        return PageResult(facts, encode_sample(page, jpg, tokens))

    def _filtered(self, facts: PageFacts, reading: Reading) -> PageFacts:
        """Returns the facts, with status and reason of the first filter that leaves the page out."""
        text = PageText(reading.words, facts.language)
        for kind in self.config.filters:
            if reason := kind.reason(text):
                return replace(facts, status=kind.status, detail=reason)
        return facts


def _stamp(path: Path) -> tuple[int, int, int] | None:
    try:
        return documents.stamp_of(path)
    except OSError:  # it is gone
        return None


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


def _open(path: Path) -> tuple[pymupdf.Document, str]:
    # Whether it was repaired is asked now: MuPDF may repair more later, by which pages this process happens to read.
    document = documents.open_document(path)
    return document, documents.repair_of(document)


def _facts(reading: Reading, rotation: int, detail: str) -> PageFacts:
    return PageFacts(
        status=PageStatus.OK,
        detail=detail,
        text_source=reading.text_source,
        language=language_of(word.text for word in reading.words),
        words=len(reading.words),
        mean_score=sum(word.score for word in reading.words) / max(1, len(reading.words)),
        rotation=rotation,
        skew_deg=reading.skew_deg,
    )


def _timed(facts: PageFacts, watch: Stopwatch) -> PageFacts:
    total_s, render_s, ocr_s = watch.total_s(), watch.stages["render"], watch.stages["ocr"]
    return replace(
        facts, seconds=total_s, seconds_render=render_s, seconds_ocr=ocr_s, seconds_rest=total_s - render_s - ocr_s
    )
