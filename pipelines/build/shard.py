"""Builds a shard from a work unit: runs the pages in the sandbox, writes the tar, then the parquet that commits it."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from pipelines.build.inspection import stamp_of
from pipelines.build.pages import PageTask
from pipelines.build.work_units import PageRange, WorkUnit
from pipelines.corpus.shards import DETAIL_CHARS, Members, write_sidecar, write_tar
from pipelines.corpus.store import CorpusStore
from pipelines.page.assemble import PageFacts, PageId, PageResult
from pipelines.runtime.local_copy import UnreadableError, local_copy
from pipelines.runtime.sandbox import Sandbox, TaskFailure
from pipelines.runtime.scratch import scratch_directory
from schemas import PageStatus, ShardInfo
from schemas.support.hashing import sha256_of

logger = logging.getLogger("pipelines")


def build_shard(
    unit: WorkUnit,
    store: CorpusStore,
    sandbox: Sandbox[PageTask, PageResult],
    on_page: Callable[[PageStatus], None],
) -> ShardInfo:
    """Builds one shard and commits it.

    Args:
        unit: the pages of the shard.
        store: where the shard is written.
        sandbox: builds the pages.
        on_page: called with the status of each page that is done.
    """
    rows: list[dict] = []
    samples: list[Members] = []
    with scratch_directory() as scratch:
        for task, facts, sample in _run(unit, sandbox, scratch):
            rows.append(manifest_row(task.id, facts, unit.name))
            if sample:
                samples.append(sample)
            on_page(facts.status)
    info = write_tar(unit.name, unit.pages, sorted(samples, key=_shuffle_key), store)
    write_sidecar(info, rows, store)
    return info


def _run(
    unit: WorkUnit, sandbox: Sandbox[PageTask, PageResult], scratch: Path
) -> Iterator[tuple[PageTask, PageFacts, Members | None]]:
    """Yields each page of the unit with its facts and, if its status is ok, its sample."""
    unreadable: list[tuple[PageTask, PageFacts]] = []

    def tasks() -> Iterator[PageTask]:
        found: dict[str, _Source | PageFacts] = {}
        for piece in unit.ranges:
            if piece.uri not in found:
                found[piece.uri] = _find(piece, scratch)
            source = found[piece.uri]
            if isinstance(source, _Source):
                yield from page_tasks(piece, source.path, source.stamp)
            else:
                unreadable.extend((task, source) for task in page_tasks(piece, Path()))

    for task, outcome in sandbox.map(tasks()):
        if isinstance(outcome, TaskFailure):
            logger.debug("%s page %d: %s", task.id.uri, task.id.page, outcome.detail)
            yield task, PageFacts(outcome.status, outcome.detail), None
        else:
            yield task, outcome.facts, outcome.sample
    for task, facts in unreadable:
        yield task, facts, None


@dataclass(frozen=True)
class _Source:
    """A file on this machine with the bytes of a planned document, and its `stamp_of` from before it was hashed."""

    path: Path
    stamp: tuple[int, int, int]


def _find(piece: PageRange, scratch: Path) -> _Source | PageFacts:
    """Returns the file of the document, or facts that say why the planned bytes are not available."""
    try:
        path = local_copy(piece.uri, scratch)
        source = _Source(path, stamp_of(path))
        digest = sha256_of(path)
    except (UnreadableError, FileNotFoundError) as error:
        return PageFacts(PageStatus.UNREADABLE, f"cannot be read any more: {error}")
    if digest != piece.doc_sha256:  # key and page count would be those of another document
        return PageFacts(PageStatus.CHANGED, "its bytes are not those that were inspected for the plan")
    return source


def page_tasks(piece: PageRange, path: Path, stamp: tuple[int, int, int] | None = None) -> Iterator[PageTask]:
    """Yields a task for each page of a range.

    Args:
        piece: the range.
        path: a file on this machine with the bytes of the document.
        stamp: see `PageTask`.
    """
    for page in range(piece.first, piece.last + 1):
        yield PageTask(PageId(piece.uri, piece.doc_sha256, page, piece.pages), path, stamp)


def manifest_row(page_id: PageId, facts: PageFacts, shard: str) -> dict:
    """Returns a row of `MANIFEST_SCHEMA`.

    Args:
        page_id: which page.
        facts: the result of the attempt.
        shard: name of the shard in which the page was attempted.
    """
    outcome = {"status": facts.status.value, "detail": facts.detail[:DETAIL_CHARS], "shard": shard}
    return {**asdict(facts), "key": page_id.key, **asdict(page_id), **outcome}


def _shuffle_key(sample: Members) -> bytes:
    """Returns a sort key that mixes the pages of different documents."""
    return hashlib.sha256(str(sample["__key__"]).encode()).digest()
