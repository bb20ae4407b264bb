"""The plan: which pages go into which shard. Pure: it depends on the documents and the settings alone."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass

import pyarrow as pa
import pyarrow.compute as pc

from pipelines.documents import DocumentFacts
from schemas import PLAN_SCHEMA, PageStatus

RANGE_PAGES = 16  # pages of one document that stay together: a document is fetched once for so many


@dataclass(frozen=True)
class PageRange:
    """Consecutive pages `first .. last` (counted from 1) of a document that has `pages` of them."""

    uri: str
    doc_sha256: str
    pages: int
    first: int
    last: int

    def __len__(self) -> int:
        return self.last - self.first + 1


@dataclass(frozen=True)
class WorkUnit:
    """The pages of one shard; `name` is the shard's file name without its ending."""

    name: str
    ranges: tuple[PageRange, ...]

    @property
    def pages(self) -> int:
        """How many pages the unit attempts."""
        return sum(map(len, self.ranges))

    def to_json(self) -> bytes:
        """Returns the unit as a worker reads it."""
        return json.dumps(asdict(self)).encode()

    @classmethod
    def from_json(cls, data: bytes) -> WorkUnit:
        """Parses `to_json`'s bytes."""
        record = json.loads(data)
        return cls(record["name"], tuple(PageRange(**item) for item in record["ranges"]))


def document_row(facts: DocumentFacts) -> dict:
    """Returns a row of `PLAN_SCHEMA`."""
    return {**asdict(facts), "status": facts.status.value}


def plan_table(inspected: Iterable[dict]) -> pa.Table:
    """Returns the plan, sorted by uri; of documents with equal bytes the first is built, the others are duplicates.

    Args:
        inspected: rows of `PLAN_SCHEMA` in any order.
    """
    first_uri: dict[str, str] = {}
    rows = []
    for row in sorted(inspected, key=lambda row: row["uri"]):
        kept = first_uri.setdefault(row["sha256"], row["uri"]) if row["status"] == PageStatus.OK.value else row["uri"]
        if kept != row["uri"]:
            row = {**row, "status": PageStatus.DUPLICATE.value, "detail": f"same bytes as {kept}"}
        rows.append(row)
    return pa.Table.from_pylist(rows, PLAN_SCHEMA)


def work_units(plan: pa.Table, pages_per_shard: int) -> list[WorkUnit]:
    """Returns the shards to build, of nearly equal size, each mixed from documents all over the input.

    Documents are cut into ranges of at most `RANGE_PAGES` pages, the ranges are ordered by a hash, and the sequence
    is cut into as many equal parts as `pages_per_shard` asks for.
    """
    documents = plan.filter(pc.equal(plan["status"], PageStatus.OK.value)).to_pylist()
    ranges = sorted((piece for document in documents for piece in _ranges(document)), key=_shuffle_key)
    total = sum(map(len, ranges))
    count = max(1, round(total / pages_per_shard)) if total else 0
    parts: list[list[PageRange]] = [[] for _ in range(count)]
    done = 0
    for piece in ranges:
        parts[done * count // total].append(piece)
        done += len(piece)
    return [WorkUnit(f"corpus-{number:05d}", tuple(part)) for number, part in enumerate(part for part in parts if part)]


def _ranges(document: dict) -> Iterable[PageRange]:
    pages = document["pages"]
    for first in range(1, pages + 1, RANGE_PAGES):
        last = min(first + RANGE_PAGES - 1, pages)
        yield PageRange(document["uri"], document["sha256"], pages, first, last)


def _shuffle_key(piece: PageRange) -> bytes:
    return hashlib.sha256(f"{piece.doc_sha256}:{piece.first}".encode()).digest()
