"""Checks every file, row and sample of a finished corpus on a local disk."""

from __future__ import annotations

import sys
import tarfile
import time
from collections.abc import Iterator
from itertools import chain, groupby, islice
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from pipelines.corpus.check_sample import sample_faults
from pipelines.corpus.check_tables import (
    index_faults,
    manifest_faults,
    plan_faults,
    schema_fault,
    sidecar_faults,
    totals_faults,
)
from pipelines.corpus.shards import file_faults
from pipelines.runtime.files import is_local
from pipelines.runtime.progress import Progress
from pipelines.runtime.wording import counted, format_bytes
from schemas import MANIFEST_SCHEMA, PLAN_SCHEMA, CorpusIndex, PageStatus, SchemaError, UsageError
from schemas.reader import MEMBERS

LISTED_FAULTS = 20


def verify(corpus_dir: str) -> list[str]:
    """Checks a corpus and writes the result to stdout: one line if it is sound, else the first faults and what to do.

    Args:
        corpus_dir: directory of a finished corpus.

    Returns:
        The faults, at most `LISTED_FAULTS` + 1.

    Raises:
        UsageError: there is no corpus on a local disk.
        SchemaError: the corpus has another schema version.
    """
    if not is_local(corpus_dir):
        raise UsageError(f"{corpus_dir}: verify reads only a local corpus; copy it to a local disk first.")
    index = CorpusIndex.read(corpus_dir)
    started = time.monotonic()
    progress = Progress("verified", "pages", sum(shard.samples for shard in index.shards))
    faults = list(islice(corpus_faults(corpus_dir, index, progress), LISTED_FAULTS + 1))
    progress.close()
    lines = faults[:LISTED_FAULTS] or [summary(corpus_dir, index, time.monotonic() - started)]
    if len(faults) > LISTED_FAULTS:
        lines.append(f"and more: stopped after {LISTED_FAULTS} faults")
    if faults:
        lines.append(repair_advice(faults))
    sys.stdout.write("".join(f"{line}\n" for line in lines))
    return faults


def repair_advice(faults: list[str]) -> str:
    """Returns the line that says what to do. It relies on a build that makes missing files and keeps existing ones."""
    if any(fault.startswith("plan.parquet: ") for fault in faults):  # all other files are made from the plan
        return "to repair it, build the corpus again into another --output"
    return (
        "to repair it, delete the files named above (of a shard, its .parquet), run the command that made the corpus "
        "again, which makes the missing files, and verify again"
    )


def summary(corpus_dir: str, index: CorpusIndex, elapsed_s: float) -> str:
    """Returns the output line for a sound corpus."""
    samples, shards = counted(index.totals["samples"], "sample"), counted(len(index.shards), "shard")
    return f"{corpus_dir} is sound: {samples}, {shards}, {format_bytes(index.totals['bytes'])}, {elapsed_s:.1f} s"


def corpus_faults(corpus_dir: str | Path, index: CorpusIndex, progress: Progress) -> Iterator[str]:
    """Checks every file, row and sample of a corpus.

    Args:
        corpus_dir: directory of a finished corpus.
        index: its index.
        progress: counts every sample.

    Yields:
        `<file>: <what is wrong>` or `<file>: <key>: <what is wrong>`; nothing if the corpus is sound.
    """
    corpus_dir = Path(corpus_dir)
    yield from (f"index.json: {fault}" for fault in index_faults(index))
    yield from listing_faults(corpus_dir, index)
    page_rows = [MANIFEST_SCHEMA.empty_table()]
    for shard in index.shards:
        tar_path = corpus_dir / "shards" / f"{shard.name}.tar"
        rows, faults = read_table(tar_path.with_suffix(".parquet"), MANIFEST_SCHEMA)
        if rows is not None:
            faults += sidecar_faults(rows, shard)
            page_rows.append(rows.replace_schema_metadata(None))
        yield from (f"shards/{shard.name}.parquet: {fault}" for fault in faults)
        if tar_path.is_file():
            tar_faults = chain(file_faults(tar_path, shard), shard_faults(tar_path, rows, index, progress))
            yield from (f"shards/{tar_path.name}: {fault}" for fault in tar_faults)
    yield from _table_faults(corpus_dir, index, pa.concat_tables(page_rows))


def listing_faults(corpus_dir: Path, index: CorpusIndex) -> Iterator[str]:
    """Checks that the tars of the index exist, and that there are no other files in `shards`."""
    tars = {f"{shard.name}.tar" for shard in index.shards}
    sidecars = {f"{shard.name}.parquet" for shard in index.shards}
    found = {path.name for path in (corpus_dir / "shards").glob("*")}
    for name in sorted(tars - found):
        yield f"shards/{name}: is missing"
    for name in sorted(found - tars - sidecars):
        yield f"shards/{name}: is not in index.json"


def shard_faults(tar_path: Path, rows: pa.Table | None, index: CorpusIndex, progress: Progress) -> Iterator[str]:
    """Checks the samples of a tar, each by itself and against its row.

    Args:
        tar_path: the tar.
        rows: the sidecar's table; `None` if it cannot be read.
        index: the corpus's index.
        progress: counts every sample.
    """
    good = {row["key"]: row for row in rows.to_pylist() if row["status"] == PageStatus.OK.value} if rows else {}
    seen: set[str] = set()
    try:
        for key, members in read_samples(tar_path):
            faults = _members_faults(key, members, seen)
            if not faults and rows is not None:
                faults = list(sample_faults(key, dict(members), good[key], index)) if key in good else ["has no ok row"]
            seen.add(key)
            progress.update(PageStatus.CORRUPT if faults else PageStatus.OK)
            yield from (f"{key}: {fault}" for fault in faults)
    except SchemaError as error:
        yield str(error)
        return
    for key in sorted(good.keys() - seen):
        yield f"{key}: has an ok row but no sample"


def _members_faults(key: str, members: list[tuple[str, bytes]], seen: set[str]) -> list[str]:
    names = tuple(name for name, _ in members)
    faults = [f"members are {', '.join(names)}, not {', '.join(MEMBERS)}"] if names != MEMBERS else []
    return [*faults, "this key is there twice"] if key in seen else faults


def read_samples(tar_path: Path) -> Iterator[tuple[str, list[tuple[str, bytes]]]]:
    """Yields the key and the members (name, bytes) of each sample, grouped as a webdataset reader does it.

    Raises:
        SchemaError: the file is not a tar or is truncated.
    """
    try:
        with tarfile.open(tar_path, "r:") as tar:
            for key, infos in groupby(tar, key=lambda info: info.name.partition(".")[0]):
                yield key, [(info.name.partition(".")[2], _content(tar, info)) for info in infos]
    except (OSError, tarfile.TarError) as error:
        raise SchemaError(f"cannot be read to its end: {error}") from error


def _content(tar: tarfile.TarFile, info: tarfile.TarInfo) -> bytes:
    file = tar.extractfile(info)
    return file.read() if file else b""


def read_table(path: Path, schema: pa.Schema) -> tuple[pa.Table | None, list[str]]:
    """Returns the table of a parquet and its faults. The table is `None` if it cannot be read or is not of `schema`."""
    if not path.is_file():
        return None, ["is missing"]
    try:
        table = pq.read_table(path)
        table.validate(full=True)
        fault = schema_fault(table, schema)
    except (OSError, pa.ArrowException, UnicodeDecodeError) as error:
        return None, [f"cannot be read: {error}"]
    return (None, [fault]) if fault else (table, [])


def _table_faults(corpus_dir: Path, index: CorpusIndex, page_rows: pa.Table) -> Iterator[str]:
    manifest, faults = read_table(corpus_dir / "manifest.parquet", MANIFEST_SCHEMA)
    yield from (f"manifest.parquet: {fault}" for fault in faults)
    plan, faults = read_table(corpus_dir / "plan.parquet", PLAN_SCHEMA)
    yield from (f"plan.parquet: {fault}" for fault in faults)
    if manifest is not None and plan is not None:
        yield from (f"manifest.parquet: {fault}" for fault in manifest_faults(manifest, page_rows, plan))
        yield from (f"plan.parquet: {fault}" for fault in plan_faults(plan, manifest))
        yield from (f"index.json: {fault}" for fault in totals_faults(index, manifest, plan))
