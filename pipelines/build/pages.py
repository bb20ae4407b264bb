"""Builds one page inside a sandbox child: opens the document, reads the page and assembles its sample."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from pipelines.build.inspection import stamp_of
from pipelines.config import PageConfig
from pipelines.ocr.engine import OcrEngine, load_engine
from pipelines.page.assemble import PageFacts, PageId, PageResult, assemble
from pipelines.page.reading import PageError, Reading
from pipelines.page.stopwatch import Stopwatch
from pipelines.sources import source_of
from pipelines.sources.base import Document
from schemas import PageStatus, Tokenizer, load_tokenizer


@dataclass(frozen=True)
class PageTask:
    """One page to build.

    Attributes:
        id: the page to build.
        path: a file on this machine with the document's bytes.
        stamp: `stamp_of(path)` from before the document was hashed. If the stamp of the file has changed since, the
            page is not read.
    """

    id: PageId
    path: Path
    stamp: tuple[int, int, int] | None = None


@dataclass(frozen=True)
class PageBuilderFactory:
    """Makes the `PageBuilder` in the child process. The factory can be pickled, the OCR engine cannot."""

    config: PageConfig

    def __call__(self) -> PageBuilder:
        """Returns a page builder with its own OCR engine and tokenizer."""
        import cv2

        cv2.setNumThreads(1)  # there is one page process per core
        engine = None
        if self.config.text_source != "pdf":
            engine = load_engine(self.config.ocr, model=self.config.ocr_model, precision=self.config.ocr_precision)
        return PageBuilder(self.config, engine, load_tokenizer(self.config.tokenizer))


class PageBuilder:
    """Builds pages one after the other. The same document and page number always give the same result."""

    def __init__(self, config: PageConfig, engine: OcrEngine | None, tokenizer: Tokenizer) -> None:
        self.config = config
        self.engine = engine
        self.tokenizer = tokenizer
        self._open = _OpenDocument()

    def __call__(self, task: PageTask) -> PageResult:
        """Returns the facts and the sample of a page. A problem with the page is stored in its facts, not raised."""
        watch = Stopwatch()
        try:
            reading = self._read(task, watch)
            result = assemble(reading, task.id, self.config, self.tokenizer)
        except PageError as error:
            result = PageResult(PageFacts(error.status, error.detail))
        return replace(result, facts=_timed(result.facts, watch))

    def _read(self, task: PageTask, watch: Stopwatch) -> Reading:
        if task.stamp and _stamp(task.path) != task.stamp:
            raise PageError(PageStatus.CHANGED, "its file was written to or replaced during the build")
        document = self._open.get(task.id.uri, task.path)
        return document.read(task.id.page, self.config, self.engine, watch)


class _OpenDocument:
    """Keeps the last document open, because the pages of a unit come document by document."""

    def __init__(self) -> None:
        self._name: tuple[str, Path] | None = None
        self._document: Document | None = None

    def get(self, uri: str, path: Path) -> Document:
        if self._document is None or self._name != (uri, path):
            if self._document is not None:
                self._document.close()
            self._document = None  # opening the next one may fail
            self._document, self._name = source_of(uri).open(path), (uri, path)
        return self._document


def _stamp(path: Path) -> tuple[int, int, int] | None:
    try:
        return stamp_of(path)
    except OSError:  # the file is gone
        return None


def _timed(facts: PageFacts, watch: Stopwatch) -> PageFacts:
    total_s, render_s, ocr_s = watch.total_s(), watch.stages["render"], watch.stages["ocr"]
    return replace(
        facts, seconds=total_s, seconds_render=render_s, seconds_ocr=ocr_s, seconds_rest=total_s - render_s - ocr_s
    )
