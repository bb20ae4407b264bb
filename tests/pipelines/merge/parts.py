"""Merging in tests, and what is in a corpus."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pyarrow.parquet as pq

from pipelines import verify
from pipelines.merge import main
from schemas import Corpus, Sample

SMALL = {"words": 20, "long_side": 64}


MEMORY_DISK = Path("/dev/shm")


def merge(*corpora: Path | str, into: Path | str) -> int:
    return main([*map(str, corpora), "--output", str(into)])


def is_sound(corpus: Path) -> bool:
    return verify.main([str(corpus)]) == 0


def samples_of(*corpora: Path) -> dict[str, tuple[bytes, bytes, bytes]]:
    def members(sample: Sample) -> tuple[bytes, bytes, bytes]:
        return sample.jpg, sample.json, sample.tokens.tobytes()

    return {sample.key: members(sample) for corpus in corpora for sample in Corpus(corpus)}


def keys_of(corpus: Path) -> Counter[str]:
    opened = Corpus(corpus)
    return Counter(opened.key(number) for number in range(len(opened)))


def files_of(corpus: Path) -> dict[str, bytes]:
    return {str(path.relative_to(corpus)): path.read_bytes() for path in corpus.rglob("*") if path.is_file()}


def times_of(corpus: Path) -> dict[Path, int]:
    return {path: path.stat().st_mtime_ns for path in corpus.rglob("*")}


def tar(corpus: Path, number: int) -> Path:
    return corpus / "shards" / f"corpus-{number:05d}.tar"


def statuses_of(corpus: Path) -> dict[str, int]:
    return dict(Counter(pq.read_table(corpus / "plan.parquet")["status"].to_pylist()))
