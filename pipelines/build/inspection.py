"""What a file is, before a build is planned: its hash, its size, its number of pages, or why it cannot be used."""

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
    """What inspection finds out about one file: a row of the plan."""

    uri: str
    sha256: str
    pages: int
    bytes: int
    status: PageStatus
    detail: str


@dataclass(frozen=True)
class DocumentTask:
    """One document to inspect: `path` holds its bytes on this machine, `uri` is its name in the corpus."""

    path: Path
    uri: str


def inspector() -> Callable[[DocumentTask], DocumentFacts]:
    """Returns the handler with which a sandbox inspects documents."""
    return inspect_document


def inspect_document(task: DocumentTask) -> DocumentFacts:
    """Returns hash, size and page count of a file, and whether its pages can be reached."""
    digest, size = sha256_of(task.path), task.path.stat().st_size
    try:
        with closing(source_of(task.uri).open(task.path)) as document:
            return DocumentFacts(task.uri, digest, document.pages, size, PageStatus.OK, document.detail)
    except PageError as error:
        return DocumentFacts(task.uri, digest, 0, size, error.status, error.detail)


def stamp_of(path: Path) -> tuple[int, int, int]:
    """Returns what changes when a file is replaced or written to: its inode, its size, its time of change."""
    status = path.stat()
    return status.st_ino, status.st_size, status.st_mtime_ns
