"""Writes the manifest of a corpus in parts, because its rows may not fit into memory."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipelines.corpus.shards import DETAIL_CHARS, read_sidecar
from pipelines.corpus.store import CorpusStore
from pipelines.runtime.files import is_local
from pipelines.runtime.parallel_map import parallel_map
from schemas import MANIFEST_SCHEMA, PageStatus, ShardInfo

PART_ROWS = 1 << 19
GROUP_SHARDS = 512  # number of shards whose rows are in memory at the same time
READERS = 16  # threads: reading small files from a bucket is mostly waiting
SORTERS = 2  # threads, each with one part in memory
REPEATED = [field.name for field in MANIFEST_SCHEMA if field.name != "key" and not pa.types.is_floating(field.type)]


def write_manifest(
    plan: pa.Table, names: list[str], store: CorpusStore, scratch: Path, part_rows: int = PART_ROWS
) -> tuple[Path, list[ShardInfo]]:
    """Writes the rows of all shards and of all documents that were not read, sorted by uri and page.

    A document whose pages were not read (damaged, encrypted, duplicate) gets one row with page 0.

    Every shard has pages from the whole input. Therefore the rows are first distributed to files in `scratch`, each for
    one range of the sorted plan. Then each file is sorted separately.

    Args:
        plan: rows of `PLAN_SCHEMA`, sorted by uri.
        names: the shards.
        store: OUT, where the shards are.
        scratch: directory for the parts and the manifest.
        part_rows: approximate number of rows that are sorted at a time.

    Returns:
        The path of the manifest in `scratch`, and the facts of all shards.
    """
    cuts = _cuts(plan, part_rows)
    parts = [scratch / f"part-{number}.arrow" for number in range(len(cuts) + 1)]
    shards: list[ShardInfo] = []
    groups = (names[start : start + GROUP_SHARDS] for start in range(0, len(names), GROUP_SHARDS))
    with ExitStack() as stack:
        options = pa.ipc.IpcWriteOptions(compression="lz4")
        writers = [stack.enter_context(pa.ipc.new_stream(part, MANIFEST_SCHEMA, options=options)) for part in parts]
        _distribute(_document_rows(plan), cuts, writers)
        for infos, rows in parallel_map(partial(_read_group, store), groups, 1):
            shards += infos
            _distribute(rows, cuts, writers)
    path = scratch / "manifest.parquet"
    with pq.ParquetWriter(path, MANIFEST_SCHEMA, use_dictionary=REPEATED) as writer:
        for rows in parallel_map(_sorted_part, parts, SORTERS):
            writer.write_table(rows)
    return path, shards


def _cuts(plan: pa.Table, part_rows: int) -> np.ndarray:
    """Returns the uris, in ascending order, at which a new part begins."""
    rows = np.cumsum(np.maximum(plan["pages"].to_numpy(), 1), dtype=np.int64)
    starts = np.flatnonzero(np.diff(rows // part_rows)) + 1
    return np.array(plan["uri"].take(starts).to_pylist(), object)


def _distribute(rows: pa.Table, cuts: np.ndarray, writers: list[pa.RecordBatchStreamWriter]) -> None:
    uri = rows["uri"].combine_chunks().dictionary_encode()
    part = np.searchsorted(cuts, uri.dictionary.to_numpy(zero_copy_only=False), "right")[uri.indices.to_numpy()]
    rows = rows.take(np.argsort(part, kind="stable"))
    ends = np.cumsum(np.bincount(part, minlength=len(writers)))
    for writer, start, end in zip(writers, np.append(0, ends), ends, strict=False):
        writer.write_table(rows.slice(start, end - start))


def _read_group(store: CorpusStore, names: list[str]) -> tuple[list[ShardInfo], pa.Table]:
    """Returns the facts and page rows of some shards."""
    with ThreadPoolExecutor(min(os.cpu_count() or 1, READERS) if is_local(store.output) else READERS) as pool:
        sidecars = list(pool.map(partial(read_sidecar, store=store), names))
    return [info for info, _ in sidecars], pa.concat_tables([rows for _, rows in sidecars])


def _sorted_part(part: Path) -> pa.Table:
    with pa.ipc.open_stream(part) as reader:
        rows = reader.read_all()
    part.unlink()
    return rows.combine_chunks().sort_by([("uri", "ascending"), ("page", "ascending")])


def _document_rows(plan: pa.Table) -> pa.Table:
    """Returns a row of `MANIFEST_SCHEMA`, with page 0, for each document whose pages were not read."""
    lost = plan.filter(pc.not_equal(plan["status"], PageStatus.OK.value))
    known = {
        "key": pc.binary_join_element_wise(pc.utf8_slice_codeunits(lost["sha256"], 0, 16), "00000", "-"),
        "uri": lost["uri"],
        "doc_sha256": lost["sha256"],
        "pages": lost["pages"],
        "status": lost["status"],
        "detail": pc.utf8_slice_codeunits(lost["detail"], 0, DETAIL_CHARS),
    }
    defaults = {pa.string(): ""}
    columns = [
        known.get(field.name, pa.repeat(pa.scalar(defaults.get(field.type, 0), field.type), len(lost)))
        for field in MANIFEST_SCHEMA
    ]
    return pa.Table.from_arrays(columns, schema=MANIFEST_SCHEMA)
