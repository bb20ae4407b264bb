"""The plan: which pages go into which shard. Pure: it depends on the documents and the settings alone.

Documents stay in the columns of tables all the way: ten million of them as Python objects would take tens of gigabytes.
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

RANGE_PAGES = 16  # pages of one document that stay together: a document is fetched once for so many
HASH_ROWS = 1 << 20  # documents whose hashes are Python objects at the same time


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


class WorkUnits:
    """The units of a plan; each becomes an object when it is asked for.

    Args:
        plan: rows of `PLAN_SCHEMA`.
        document: `(ranges,)` row of the plan, the ranges in the order in which units are cut from them.
        first: `(ranges,)` first page of each range.
        bounds: `(units + 1,)` where each unit begins among the ranges, and the end.
    """

    def __init__(self, plan: pa.Table, document: np.ndarray, first: np.ndarray, bounds: np.ndarray) -> None:
        self._documents = plan.select(["uri", "sha256", "pages"]).rename_columns(["uri", "doc_sha256", "pages"])
        self._pages = plan["pages"].to_numpy()
        self._document = document
        self._first = first
        self._bounds = bounds

    @property
    def names(self) -> list[str]:
        """What the units' shards are called."""
        return [_name(number) for number in range(len(self))]

    @property
    def pages(self) -> np.ndarray:
        """How many pages each unit attempts, `(units,)`."""
        last = self._last(self._document, self._first)
        return np.add.reduceat(last - self._first + 1, self._bounds[:-1]) if len(self) else np.zeros(0, np.int64)

    def __len__(self) -> int:
        return len(self._bounds) - 1

    def __getitem__(self, number: int) -> WorkUnit:
        number = range(len(self))[number]  # from the end, or an IndexError
        return _unit(_name(number), self._ranges(number))

    def __iter__(self) -> Iterator[WorkUnit]:
        return map(self.__getitem__, range(len(self)))

    def write(self, stream: BinaryIO) -> None:
        """Writes all units as an Arrow file, a record batch each: a worker reads its own without the others."""
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
    """Returns one of the units that `WorkUnits.write` wrote."""
    with pa.ipc.open_file(stream) as reader:
        return _unit(name, reader.get_batch(int(name.rpartition("-")[2])))


def _name(number: int) -> str:
    return f"corpus-{number:05d}"


def _unit(name: str, ranges: pa.RecordBatch) -> WorkUnit:
    return WorkUnit(name, tuple(PageRange(**row) for row in ranges.to_pylist()))


def document_row(facts: DocumentFacts) -> dict:
    """Returns a row of `PLAN_SCHEMA`."""
    return {**asdict(facts), "status": facts.status.value}


def plan_table(inspected: pa.Table) -> pa.Table:
    """Returns the plan, sorted by uri; of documents with equal bytes the first is built, the others are duplicates.

    Args:
        inspected: rows of `PLAN_SCHEMA` in any order.
    """
    plan = inspected.sort_by("uri")
    opened = np.flatnonzero(pc.equal(plan["status"], PageStatus.OK.value))
    built = opened[_first_of_equals(plan["sha256"].take(opened))]
    again = np.zeros(len(plan), bool)
    again[opened] = built != opened
    detail = pc.binary_join_element_wise("same bytes as ", plan["uri"].take(built[built != opened]), "")
    status = pc.if_else(again, PageStatus.DUPLICATE.value, plan["status"])
    detail = pc.replace_with_mask(plan["detail"].combine_chunks(), again, detail.combine_chunks())
    return pa.Table.from_arrays([*plan.columns[:4], status, detail], schema=PLAN_SCHEMA)


def _first_of_equals(values: pa.ChunkedArray) -> np.ndarray:
    """Returns, for each value (n,), where it or its equal comes first."""
    codes = values.combine_chunks().dictionary_encode().indices.to_numpy()
    largest = np.maximum.accumulate(np.append(-1, codes))
    return np.flatnonzero(codes > largest[:-1])[codes]  # values are numbered as they appear


def work_units(plan: pa.Table, pages_per_shard: int) -> WorkUnits:
    """Returns the shards to build, of nearly equal size, each mixed from documents all over the input.

    Documents are cut into ranges of at most `RANGE_PAGES` pages, the ranges are ordered by a hash, and the sequence
    is cut into as many equal parts as `pages_per_shard` asks for.
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
    """Returns `(2, ranges)` the first 16 bytes of each range's digest, as two whole numbers."""
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
