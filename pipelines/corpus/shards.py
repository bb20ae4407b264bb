"""One shard on disk: its tar, and the parquet (sidecar) next to it. The parquet commits the shard."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq
from apache_beam.io.filesystem import BeamIOError

from pipelines.corpus.store import CorpusStore
from pipelines.runtime.local_copy import local_copy
from schemas import MANIFEST_SCHEMA, SchemaError, ShardInfo
from schemas.reader import Shard
from schemas.sample import REPAIR
from schemas.support.hashing import sha256_of

DETAIL_CHARS = 300  # longest detail that the manifest keeps
Members = dict[str, str | bytes]
"""A sample as `webdataset.TarWriter` takes it: `__key__` and the bytes of each member."""


def write_tar(name: str, pages: int, samples: Iterable[Members], store: CorpusStore) -> ShardInfo:
    """Writes a byte-reproducible WebDataset tar.

    Args:
        name: name of the shard.
        pages: how many pages were read for it, including failed ones.
        samples: in the order in which they are stored.
        store: OUT.
    """
    from webdataset import TarWriter

    count = 0
    with store.create("shards", f"{name}.tar") as stream:
        hashing = _HashingWriter(stream)
        with TarWriter(hashing, encoder=False, mtime=0, user="folio", group="folio") as tar:
            for sample in samples:
                tar.write(sample)
                count += 1
    return ShardInfo(name, count, pages, hashing.bytes, hashing.sha256.hexdigest())


def write_sidecar(info: ShardInfo, rows: list[dict], store: CorpusStore) -> None:
    """Writes the shard's page rows, with the facts of the tar as metadata. This file marks the shard as finished."""
    facts = {"shard_samples": str(info.samples), "shard_bytes": str(info.bytes), "shard_sha256": info.sha256}
    rows = sorted(rows, key=lambda row: (row["uri"], row["page"]))
    with store.create("shards", f"{info.name}.parquet") as stream:
        pq.write_table(pa.Table.from_pylist(rows, MANIFEST_SCHEMA.with_metadata(facts)), stream)


def read_sidecar(name: str, store: CorpusStore) -> tuple[ShardInfo, pa.Table]:
    """Returns a shard's facts and its page rows from its parquet.

    Raises:
        SchemaError: the parquet is damaged.
    """
    try:
        file = pq.ParquetFile(pa.BufferReader(store.read("shards", f"{name}.parquet")))
        table = file.read(use_threads=False)  # for such small files, one thread is twice as fast
        rows = table.replace_schema_metadata(None)
        if rows.schema != MANIFEST_SCHEMA:
            rows = rows.cast(MANIFEST_SCHEMA)
        rows.validate(full=True)
        facts = {key.decode(): value.decode() for key, value in (table.schema.metadata or {}).items()}
        info = ShardInfo(
            name=name,
            samples=int(facts["shard_samples"]),
            pages=len(table),
            bytes=int(facts["shard_bytes"]),
            sha256=facts["shard_sha256"],
        )
    except (pa.ArrowException, KeyError, ValueError) as error:
        parquet = store.uri("shards", f"{name}.parquet")
        raise SchemaError(f"{parquet} is damaged ({error}): delete it and build its shard again.") from error
    return info, rows


def file_faults(tar_path: Path, shard: ShardInfo) -> Iterator[str]:
    """Yields how a tar's size or hash differs from the index."""
    size = tar_path.stat().st_size
    if size != shard.bytes:
        yield f"{size} bytes, but index.json says {shard.bytes}"
    sha256 = sha256_of(tar_path)
    if sha256 != shard.sha256:
        yield f"sha256 is {sha256}, but index.json says {shard.sha256}"


def open_shard(info: ShardInfo, store: CorpusStore, scratch: Path) -> tuple[Shard, list[dict]]:
    """Checks the tar of a finished shard, then opens it and its page rows.

    Without the check, a damaged shard would get a new, matching hash in the new corpus.

    Args:
        info: the shard's entry in the index.
        store: the corpus.
        scratch: directory for a local copy, if the corpus is remote.

    Raises:
        SchemaError: a file of the shard cannot be read or is damaged.
    """
    uri = store.uri("shards", f"{info.name}.tar")
    try:
        path = local_copy(uri, scratch)
        _, rows = read_sidecar(info.name, store)
    except (OSError, BeamIOError) as error:
        raise SchemaError(f"shard {info.name} of {store.output} cannot be read: {error}; {REPAIR}.") from error
    for fault in file_faults(path, info):
        raise SchemaError(f"{uri}: {fault}; {REPAIR}.")
    return Shard(path), rows.to_pylist()


class _HashingWriter:
    """Passes bytes to a stream, and counts and hashes them."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self.sha256 = hashlib.sha256()
        self.bytes = 0

    def write(self, data: bytes) -> int:
        self.sha256.update(data)
        self.bytes += len(data)
        self._stream.write(data)
        return len(data)

    def flush(self) -> None:
        self._stream.flush()
