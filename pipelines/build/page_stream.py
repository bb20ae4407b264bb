"""Reads pages one after the other in this process, without Beam: for interactive use and for other programs.

A page that hangs or crashes its process ends the reading. For many unknown documents use `pipelines.build_corpus`.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from pipelines.build.folders import documents_below
from pipelines.build.inspection import DocumentFacts, DocumentTask, inspect_document
from pipelines.build.pages import PageBuilderFactory, PageTask
from pipelines.config import PageConfig
from pipelines.page.assemble import PageFacts, PageId
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
    path: str | Path | Sequence[str | Path], config: PageConfig = _DEFAULTS, skipped: Iterable[str] = ()
) -> Iterator[ReadPage]:
    """Reads the pages of documents on this machine, in the order of documents and pages.

    The samples are those of `pipelines.build_corpus` with the same settings, byte for byte. A problem with a page or a
    document is an item with its status. Documents with the same bytes are read once.

    Args:
        path: a document or a folder, or several of them. The documents below a folder are sorted by name.
        config: the settings.
        skipped: absolute paths of documents that are not read.

    Yields:
        Each page; one item with page 0 for each document of which no page can be attempted.

    Raises:
        UsageError: a path does not exist, there is no document below a folder, or a setting cannot be used.
    """
    left_out = set(skipped)
    found = _documents([path] if isinstance(path, str | Path) else path)
    uris = [uri for uri in found if printable(uri) not in left_out]
    build = PageBuilderFactory(config)()
    seen: set[str] = set()
    for uri in uris:
        document = _inspected(uri, seen)
        if document.status is not PageStatus.OK:
            id_ = PageId(document.uri, document.sha256, 0, 0)
            yield ReadPage(id_, PageFacts(document.status, document.detail))
            continue
        seen.add(document.sha256)
        for number in range(1, document.pages + 1):
            page_id = PageId(document.uri, document.sha256, number, document.pages)
            result = build(PageTask(page_id, Path(uri)))
            yield ReadPage(page_id, result.facts, result.sample)


def _inspected(uri: str, seen: set[str]) -> DocumentFacts:
    name = printable(uri)
    try:
        if Path(uri).exists() and not Path(uri).is_file():  # a named pipe would wait forever
            return DocumentFacts(name, "", 0, 0, PageStatus.UNREADABLE, "is no regular file")
        document = inspect_document(DocumentTask(Path(uri), name))
    except OSError as error:
        return DocumentFacts(name, "", 0, 0, PageStatus.UNREADABLE, f"cannot be read: {error}")
    if document.sha256 in seen:
        return DocumentFacts(name, document.sha256, 0, 0, PageStatus.DUPLICATE, "has the bytes of an earlier document")
    return document


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
