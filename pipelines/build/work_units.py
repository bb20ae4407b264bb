"""The plan: which pages go into which shard. It depends only on the documents and the settings.

Documents always stay in columns of tables: ten million of them as Python objects would take tens of gigabytes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import BinaryIO

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.build.inspection import DocumentFacts
from schemas import PLAN_SCHEMA, PageStatus

RANGE_PAGES = 16  # consecutive pages of a document that stay together: per range, a document is fetched once
HASH_ROWS = 1 << 20  # ranges whose hashes exist as Python objects at the same time


@dataclass(frozen=True)
class PageRange:
    """The consecutive pages `first .. last` (counted from 1) of a document that has `pages` pages."""

    uri: str
    doc_sha256: str
    pages: int
    first: int
    last: int

    def __len__(self) -> int:
        return self.last - self.first + 1


@dataclass(frozen=True)
class WorkUnit:
    """The pages of one shard.

    Attributes:
        name: file name of the shard, without suffix.
        ranges: the pages.
    """

    name: str
    ranges: tuple[PageRange, ...]

    @property
    def pages(self) -> int:
        """The number of pages that the unit attempts."""
        return sum(map(len, self.ranges))


class WorkUnits:
    """The units of a plan, as a sequence. A unit becomes a Python object only when it is accessed.

    Args:
        plan: rows of `PLAN_SCHEMA`.
        document: `(ranges,)` row of the plan for each range. Units are cut from the ranges in this order.
        first: `(ranges,)` first page of each range.
        bounds: `(units + 1,)` index of the first range of each unit, then the number of ranges.
    """

    def __init__(self, plan: pa.Table, document: np.ndarray, first: np.ndarray, bounds: np.ndarray) -> None:
        self._documents = plan.select(["uri", "sha256", "pages"]).rename_columns(["uri", "doc_sha256", "pages"])
        self._pages = plan["pages"].to_numpy()
        self._document = document
        self._first = first
        self._bounds = bounds

    @property
    def names(self) -> list[str]:
        """The names of the shards of all units."""
        return [_name(number) for number in range(len(self))]

    @property
    def pages(self) -> np.ndarray:
        """The number of pages that each unit attempts, `(units,)`."""
        last = self._last(self._document, self._first)
        return np.add.reduceat(last - self._first + 1, self._bounds[:-1]) if len(self) else np.zeros(0, np.int64)

    def __len__(self) -> int:
        return len(self._bounds) - 1

    def __getitem__(self, number: int) -> WorkUnit:
        number = range(len(self))[number]  # allows negative numbers, raises IndexError
        return _unit(_name(number), self._ranges(number))

    def __iter__(self) -> Iterator[WorkUnit]:
        return map(self.__getitem__, range(len(self)))

    def write(self, stream: BinaryIO) -> None:
        """Writes all units as an Arrow file with one record batch per unit: a worker can read one unit alone."""
        options = pa.ipc.IpcWriteOptions(compression="lz4")
        with pa.ipc.new_file(stream, self._ranges(0).schema, options=options) as writer:
            for number in range(len(self)):
                writer.write_batch(self._ranges(number))

    def _ranges(self, number: int) -> pa.RecordBatch:
        mine = slice(self._bounds[number], self._bounds[number + 1])
        document, first = self._document[mine], self._first[mine]
        rows = self._documents.take(document)
        rows = rows.append_column("first", pa.array(first)).append_column("last", pa.array(self._last(document, first)))
        (batch,) = rows.combine_chunks().to_batches()
        return batch

    def _last(self, document: np.ndarray, first: np.ndarray) -> np.ndarray:
        return np.minimum(first + RANGE_PAGES - 1, self._pages[document])


def read_unit(stream: BinaryIO, name: str) -> WorkUnit:
    """Returns one unit of a file that `WorkUnits.write` wrote."""
    with pa.ipc.open_file(stream) as reader:
        return _unit(name, reader.get_batch(int(name.rpartition("-")[2])))


def _name(number: int) -> str:
    return f"corpus-{number:05d}"


def _unit(name: str, ranges: pa.RecordBatch) -> WorkUnit:
    return WorkUnit(name, tuple(PageRange(**row) for row in ranges.to_pylist()))


def document_row(facts: DocumentFacts) -> dict:
    """Returns a row of `PLAN_SCHEMA`."""
    return {**asdict(facts), "status": facts.status.value}


def plan_table(inspected: pa.Table, excluded: frozenset[str] = frozenset()) -> pa.Table:
    """Returns the plan, sorted by URI.

    Of several documents with equal bytes, the first is built. The others are marked as duplicates.

    Args:
        inspected: rows of `PLAN_SCHEMA` in any order.
        excluded: SHA-256 of the documents that are not built.
    """
    plan = _without(inspected.sort_by("uri"), excluded)
    opened = np.flatnonzero(pc.equal(plan["status"], PageStatus.OK.value))
    built = opened[_first_of_equals(plan["sha256"].take(opened))]
    is_duplicate = np.zeros(len(plan), bool)
    is_duplicate[opened] = built != opened
    detail = pc.binary_join_element_wise("same bytes as ", plan["uri"].take(built[built != opened]), "")
    status = pc.if_else(is_duplicate, PageStatus.DUPLICATE.value, plan["status"])
    detail = pc.replace_with_mask(plan["detail"].combine_chunks(), is_duplicate, detail.combine_chunks())
    return pa.Table.from_arrays([*plan.columns[:4], status, detail], schema=PLAN_SCHEMA)


def _without(plan: pa.Table, excluded: frozenset[str]) -> pa.Table:
    is_excluded = pc.is_in(plan["sha256"], pa.array(sorted(excluded), pa.string()))
    status = pc.if_else(is_excluded, PageStatus.EXCLUDED.value, plan["status"])
    return plan.set_column(PLAN_SCHEMA.get_field_index("status"), PLAN_SCHEMA.field("status"), status)


def _first_of_equals(values: pa.ChunkedArray) -> np.ndarray:
    """Returns, for each value, the index of the first value that is equal to it, `(n,)`."""
    codes = values.combine_chunks().dictionary_encode().indices.to_numpy()
    largest = np.maximum.accumulate(np.append(-1, codes))
    return np.flatnonzero(codes > largest[:-1])[codes]  # codes are assigned in order of appearance


def work_units(plan: pa.Table, pages_per_shard: int) -> WorkUnits:
    """Returns the units to build. They have nearly equal sizes, and each mixes documents from the whole input.

    Documents are cut into ranges of at most `RANGE_PAGES` pages. The ranges are ordered by a hash. The sequence is cut
    into equal parts of about `pages_per_shard` pages.
    """
    opened = np.flatnonzero(pc.equal(plan["status"], PageStatus.OK.value))
    pages = plan["pages"].to_numpy()
    ranges = -(-pages[opened] // RANGE_PAGES)
    document = np.repeat(opened, ranges)
    first = (np.arange(len(document)) - np.repeat(np.cumsum(ranges) - ranges, ranges)) * RANGE_PAGES + 1
    order = np.lexsort(_shuffle_keys(plan["sha256"], document, first)[::-1])
    document, first = document[order], first[order]
    length = np.minimum(RANGE_PAGES, pages[document] - first + 1)
    total = int(length.sum())
    part = (np.cumsum(length) - length) * max(1, round(total / pages_per_shard)) // max(1, total)
    bounds = np.append(np.flatnonzero(np.diff(part, prepend=-1)), len(part))
    return WorkUnits(plan, document, first, bounds)


def _shuffle_keys(sha256: pa.ChunkedArray, document: np.ndarray, first: np.ndarray) -> np.ndarray:
    """Returns the first 16 bytes of the digest of each range as two integers, `(2, ranges)`."""
    digests = b"".join(
        hashlib.sha256(f"{digest}:{page}".encode()).digest()[:16]
        for start in range(0, len(document), HASH_ROWS)
        for digest, page in zip(
            sha256.take(document[start : start + HASH_ROWS]).to_pylist(),
            first[start : start + HASH_ROWS].tolist(),
            strict=True,
        )
    )
    return np.frombuffer(digests, ">u8").astype(np.uint64).reshape(-1, 2).T
