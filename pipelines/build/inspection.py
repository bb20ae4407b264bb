"""Inspects a file before a build is planned: its hash, size and number of pages, or why it cannot be used."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from pipelines.page.reading import PageError
from pipelines.sources import source_of
from schemas import PageStatus
from schemas.support.hashing import sha256_of


@dataclass(frozen=True)
class DocumentFacts:
    """The result of inspecting one file: a row of the plan.

    Attributes:
        uri: the document's name in the corpus.
        sha256: 64 hex digits, empty if the file could not be read.
        pages: number of pages, 0 if the document cannot be used.
        bytes: size of the file, 0 if it could not be read.
        status: `ok`, or why the document cannot be used.
        detail: explains the status; mostly empty.
    """

    uri: str
    sha256: str
    pages: int
    bytes: int
    status: PageStatus
    detail: str


@dataclass(frozen=True)
class DocumentTask:
    """One document to inspect.

    Attributes:
        path: a file on this machine with the document's bytes.
        uri: the document's name in the corpus.
    """

    path: Path
    uri: str


def inspector() -> Callable[[DocumentTask], DocumentFacts]:
    """Returns the function that inspects documents in a sandbox."""
    return inspect_document


def inspect_document(task: DocumentTask) -> DocumentFacts:
    """Returns hash, size and page count of a file, and whether the document can be opened."""
    digest, size = sha256_of(task.path), task.path.stat().st_size
    try:
        with closing(source_of(task.uri).open(task.path)) as document:
            return DocumentFacts(task.uri, digest, document.pages, size, PageStatus.OK, document.detail)
    except PageError as error:
        return DocumentFacts(task.uri, digest, 0, size, error.status, error.detail)


def stamp_of(path: Path) -> tuple[int, int, int]:
    """Returns inode, size and modification time (ns). They change if the file is replaced or written to."""
    status = path.stat()
    return status.st_ino, status.st_size, status.st_mtime_ns
