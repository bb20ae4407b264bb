"""Turns the shards of several corpora into shards of one: which corpus keeps a page, and how its tar is made."""

from __future__ import annotations

import hashlib
import io
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from apache_beam.io.filesystem import BeamIOError

from pipelines.corpus.shards import Members, open_shard, read_sidecar, write_sidecar, write_tar
from pipelines.corpus.store import CorpusStore
from pipelines.runtime.files import is_local, open_read
from pipelines.runtime.scratch import scratch_directory
from schemas import PLAN_SCHEMA, CorpusIndex, PageStatus, SchemaError, ShardInfo
from schemas.reader import MEMBERS
from schemas.sample import REPAIR

_CHUNK_BYTES = 1 << 20
_OK, _DUPLICATE = PageStatus.OK.value, PageStatus.DUPLICATE.value


@dataclass(frozen=True)
class Part:
    """One of the corpora to join.

    Attributes:
        store: its files.
        index: its index.
        plan: rows of `PLAN_SCHEMA`.
    """

    store: CorpusStore
    index: CorpusIndex
    plan: pa.Table


@dataclass(frozen=True)
class Move:
    """A shard that goes into the joined corpus.

    Attributes:
        part: the corpus that it comes from.
        source: the shard's facts in that corpus.
        name: its name in the joined corpus.
        rows: the manifest rows that are kept, of `MANIFEST_SCHEMA`.
        whole: True if all samples are kept.
    """

    part: Part
    source: ShardInfo
    name: str
    rows: pa.Table
    whole: bool


class Merger:
    """Joins corpora. A document that several of them hold is kept only in the first.

    Attributes:
        parts: the corpora, in order.
        target: the joined corpus.
        plan: plan of the joined corpus, rows of `PLAN_SCHEMA`.
    """

    def __init__(self, parts: list[Part], target: CorpusStore) -> None:
        self.parts = parts
        self.target = target
        self.plan, self._holders = join_plans([part.plan for part in parts])

    def plan_bytes(self) -> bytes:
        """Returns the plan as Parquet."""
        buffer = io.BytesIO()
        pq.write_table(self.plan, buffer)
        return buffer.getvalue()

    def moves(self) -> list[Move]:
        """Returns the shards of the joined corpus, in order. A shard of which no page is kept is left out.

        Raises:
            SchemaError: a shard's parquet is damaged, or has a page of a document that is not in the plan.
        """
        moves: list[Move] = []
        for number, part in enumerate(self.parts):
            for source in part.index.shards:
                kept = self._kept(number, _rows(part, source), f"{part.store.output}: shard {source.name}")
                if len(kept):
                    moves.append(Move(part, source, f"corpus-{len(moves):05d}", kept, _samples(kept) == source.samples))
        return moves

    def _kept(self, number: int, rows: pa.Table, shard: str) -> pa.Table:
        """Returns the rows of a shard whose documents are kept in corpus `number`, the shard's own."""
        holders = [self._holders.get(sha256) for sha256 in rows["doc_sha256"].to_pylist()]
        if None in holders:
            raise SchemaError(f"{shard} has a page of a document that plan.parquet does not build; {REPAIR}.")
        return rows.filter(pa.array([holder == number for holder in holders], pa.bool_()))

    def make(self, move: Move) -> None:
        """Makes a shard of the joined corpus if it does not exist yet.

        Raises:
            SchemaError: the source shard is damaged.
        """
        if self.target.has_shard(move.name):
            return
        made = self._take(move) if move.whole else self._rewrite(move)
        write_sidecar(made, [{**row, "shard": move.name} for row in move.rows.to_pylist()], self.target)

    def _take(self, move: Move) -> ShardInfo:
        source = move.source
        take_tar(move.part.store.uri("shards", f"{source.name}.tar"), source, self.target, move.name)
        return ShardInfo(move.name, source.samples, len(move.rows), source.bytes, source.sha256)

    def _rewrite(self, move: Move) -> ShardInfo:
        stay = set(move.rows["key"].to_pylist())
        with scratch_directory() as scratch:
            shard, _ = open_shard(move.source, move.part.store, scratch)

            def samples() -> Iterator[Members]:
                for number, key in enumerate(shard.keys()):
                    if key in stay:
                        yield {"__key__": key, **{member: shard.read(number, member) for member in MEMBERS}}

            return write_tar(move.name, len(move.rows), samples(), self.target)


def join_plans(plans: list[pa.Table]) -> tuple[pa.Table, dict[str, int]]:
    """Joins the plans of several corpora.

    A document is identified by its bytes and its uri. If documents have equal bytes, the one from the first corpus that
    built it is kept and the others become duplicates. A document that is in several plans gets one row.

    Args:
        plans: rows of `PLAN_SCHEMA`.

    Returns:
        The joined plan, sorted by uri, and, for the sha256 of each document that is kept, the number of its corpus.
    """
    every = [(number, row) for number, plan in enumerate(plans) for row in plan.to_pylist()]
    built: dict[str, tuple[int, str]] = {}
    for number, row in every:
        if row["status"] == _OK:
            built.setdefault(row["sha256"], (number, row["uri"]))
    joined: dict[tuple[str, str], dict] = {}
    for number, row in every:
        holder = built.get(row["sha256"])
        if holder and holder != (number, row["uri"]) and row["status"] in (_OK, _DUPLICATE):
            row = {**row, "status": _DUPLICATE, "detail": f"same bytes as {holder[1]}"}
        known = joined.setdefault((row["uri"], row["sha256"]), row)
        if row["status"] == _OK != known["status"]:
            joined[row["uri"], row["sha256"]] = row
    rows = [joined[identity] for identity in sorted(joined)]
    return pa.Table.from_pylist(rows, PLAN_SCHEMA), {sha256: number for sha256, (number, _) in built.items()}


def take_tar(source: str, info: ShardInfo, target: CorpusStore, name: str) -> None:
    """Adds an unchanged tar of another corpus to `target`: as a hard link if possible, else as a copy.

    Args:
        source: path or URI of the tar.
        info: the expected size and hash; the whole tar is read to check them.
        target: the joined corpus.
        name: the shard's name in the joined corpus.

    Raises:
        SchemaError: the tar cannot be read or has other bytes.
    """
    place = target.uri("shards", f"{name}.tar")
    try:
        stream = open_read(source)
    except (OSError, BeamIOError) as error:
        raise SchemaError(f"{source} cannot be read: {error}; {REPAIR}.") from error
    with stream:
        if is_local(source) and is_local(place) and _link(Path(source), Path(place)):
            _read_whole(stream, source, info)
        else:
            with target.create("shards", f"{name}.tar") as copy:
                _read_whole(stream, source, info, copy)


def _read_whole(stream: BinaryIO, source: str, info: ShardInfo, copy: BinaryIO | None = None) -> None:
    """Reads a whole tar, and writes it to `copy` if given; raises `SchemaError` if size or hash differ from `info`."""
    digest, size = hashlib.sha256(), 0
    while chunk := stream.read(_CHUNK_BYTES):
        digest.update(chunk)
        size += len(chunk)
        if copy:
            copy.write(chunk)
    if size != info.bytes:
        raise SchemaError(f"{source}: {size} bytes, but index.json says {info.bytes}; {REPAIR}.")
    if digest.hexdigest() != info.sha256:
        raise SchemaError(f"{source}: sha256 is {digest.hexdigest()}, but index.json says {info.sha256}; {REPAIR}.")


def _link(source: Path, place: Path) -> bool:
    place.parent.mkdir(parents=True, exist_ok=True)
    place.unlink(missing_ok=True)  # left by an interrupted run
    try:
        os.link(source.resolve(), place)
    except OSError:  # another disk, or a file system without links
        return False
    return True


def _rows(part: Part, source: ShardInfo) -> pa.Table:
    """Returns the manifest rows of a shard; raises `SchemaError` if they do not belong to the tar in the index."""
    parquet = part.store.uri("shards", f"{source.name}.parquet")
    try:
        found, rows = read_sidecar(source.name, part.store)
    except (OSError, BeamIOError) as error:
        raise SchemaError(f"{parquet} cannot be read: {error}; {REPAIR}.") from error
    if found != source:
        raise SchemaError(f"{parquet} says {found}, but index.json says {source}; {REPAIR}.")
    return rows


def _samples(rows: pa.Table) -> int:
    return pc.sum(pc.equal(rows["status"], _OK)).as_py() or 0
