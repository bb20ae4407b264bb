"""Reads pages one after the other, without Beam: for interactive use and for other programs."""

from __future__ import annotations

import os
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pipelines.build.folders import documents_below
from pipelines.build.inspection import DocumentFacts, DocumentTask, inspect_document
from pipelines.build.pages import PageBuilder, PageBuilderFactory, PageTask
from pipelines.config import PageConfig, RunConfig
from pipelines.page.assemble import PageFacts, PageId, PageResult
from pipelines.runtime.sandbox import Sandbox, TaskFailure
from pipelines.runtime.scratch import link_in, scratch_directory
from schemas import Page, PageStatus, Sample, UsageError, decode_tokens
from schemas.reader import MEMBERS
from schemas.support.home import expanded
from schemas.support.printable import printable

_DEFAULTS = PageConfig()


@dataclass(frozen=True)
class ReadPage:
    """What became of a page.

    Attributes:
        id: the page; its number is 0 for a document of which no page could be attempted.
        facts: its status and facts.
        sample: members of its sample by suffix, as `pipelines.build_corpus` stores them; None unless the status is ok.
    """

    id: PageId
    facts: PageFacts
    sample: dict[str, str | bytes] | None = None

    def page(self) -> Page:
        """Returns the words and lines of the page.

        Raises:
            ValueError: the page has no sample.
        """
        return self.stored().page()

    def stored(self) -> Sample:
        """Returns the sample as it is read from a corpus.

        Raises:
            ValueError: the page has no sample.
        """
        if self.sample is None:
            detail = f"{self.facts.status.value}: {self.facts.detail}"
            raise ValueError(f"page {self.id.page} of {self.id.uri} has no sample ({detail})")
        jpg, record, tokens = (self.sample[member] for member in MEMBERS)
        assert isinstance(jpg, bytes) and isinstance(record, bytes) and isinstance(tokens, bytes)
        return Sample(self.id.key, jpg, record, decode_tokens(tokens))


def read_pages(
    path: str | Path | Sequence[str | Path],
    config: PageConfig = _DEFAULTS,
    skipped: Iterable[str] = (),
    limits: RunConfig | None = None,
    copies: bool = False,
) -> Generator[ReadPage, None, None]:
    """Reads the pages of documents on this machine, in the order of documents and pages.

    The samples are those of `pipelines.build_corpus` with the same settings, byte for byte. A problem with a page or a
    document is an item with its status.

    Args:
        path: a document or a folder, or several of them. The documents below a folder are sorted by name.
        config: the settings.
        skipped: absolute paths of documents that are not read.
        limits: its limits of time and memory hold for each page. The pages are then read in a child process, and a page
            that hangs or crashes is an item with its status. None: without limits, in this process.
        copies: whether documents with the bytes of an earlier one are read; otherwise their status is `duplicate`.

    Yields:
        Each page; one item with page 0 for each document of which no page can be attempted.

    Raises:
        UsageError: a path does not exist, there is no document below a folder, or a setting cannot be used.
    """
    left_out = set(skipped)
    found = _documents([path] if isinstance(path, str | Path) else path)
    uris = [uri for uri in found if printable(uri) not in left_out]
    if not uris:
        return
    seen: set[str] = set()
    with _reader(config, limits) as run, scratch_directory() as scratch:
        for uri in uris:
            file = Path(uri) if printable(uri) == uri else link_in(scratch, Path(uri))
            document = _inspected(DocumentTask(file, printable(uri)), run)
            if document.sha256 in seen and not copies:
                document = replace(document, status=PageStatus.DUPLICATE, detail="has the bytes of an earlier document")
            if document.status is PageStatus.OK:
                seen.add(document.sha256)
                yield from _pages(document, file, run)
            else:
                id_ = PageId(document.uri, document.sha256, 0, 0)
                yield ReadPage(id_, PageFacts(document.status, document.detail))


_Run = Callable[[Iterable[Any]], Iterator[tuple[Any, Any]]]
"""Yields each task of a reader with its result or `TaskFailure`, in order."""


class _Reader:
    """Does both tasks of this module, so that one child process serves for them."""

    def __init__(self, build: PageBuilder) -> None:
        self._build = build

    def __call__(self, task: DocumentTask | PageTask) -> DocumentFacts | PageResult:
        return self._build(task) if isinstance(task, PageTask) else _inspect(task)


@dataclass(frozen=True)
class _ReaderFactory:
    config: PageConfig

    def __call__(self) -> _Reader:
        return _Reader(PageBuilderFactory(self.config)())


@contextmanager
def _reader(config: PageConfig, limits: RunConfig | None) -> Iterator[_Run]:
    factory = _ReaderFactory(config)
    if limits is None:
        reader = factory()
        yield lambda tasks: ((task, reader(task)) for task in tasks)
        return
    # One child only: with more, the pages would not come in order.
    with Sandbox[Any, Any](factory, 1, limits.page_timeout_s, limits.page_memory_mb) as sandbox:
        sandbox.warm_up()  # a setting that cannot be used is reported before the first document
        yield sandbox.map


def _inspected(task: DocumentTask, run: _Run) -> DocumentFacts:
    if task.path.exists() and not task.path.is_file():  # a named pipe would wait forever
        return DocumentFacts(task.uri, "", 0, 0, PageStatus.UNREADABLE, "is no regular file")
    [(_, document)] = run([task])
    if isinstance(document, TaskFailure):
        return DocumentFacts(task.uri, "", 0, 0, document.status, document.detail)
    return document


def _inspect(task: DocumentTask) -> DocumentFacts:
    try:
        return inspect_document(task)
    except OSError as error:
        return DocumentFacts(task.uri, "", 0, 0, PageStatus.UNREADABLE, f"cannot be read: {error}")


def _pages(document: DocumentFacts, path: Path, run: _Run) -> Iterator[ReadPage]:
    ids = (PageId(document.uri, document.sha256, number, document.pages) for number in range(1, document.pages + 1))
    for task, result in run(PageTask(id_, path) for id_ in ids):
        if isinstance(result, TaskFailure):
            yield ReadPage(task.id, PageFacts(result.status, result.detail))
        else:
            yield ReadPage(task.id, result.facts, result.sample)


def _documents(paths: Sequence[str | Path]) -> list[str]:
    """Returns the absolute paths of all documents, each once."""
    found: dict[str, None] = {}
    for path in map(str, paths):
        absolute = os.path.abspath(expanded(path))  # noqa: PTH100 - Path.resolve would follow links
        if not os.path.lexists(absolute):
            raise UsageError(f"{path}: no such file or directory.")
        below = sorted(documents_below(Path(absolute))) if Path(absolute).is_dir() else [absolute]
        if not below:
            raise UsageError(f"{path}: no document below this directory.")
        found.update(dict.fromkeys(below))
    return list(found)
