"""Random access to a corpus: an index of the tar members, which are read with `pread`.

A tar stores each member uncompressed after a 512-byte header. The headers are read once and give the offset of every
member. After that, each sample needs three reads of exactly its bytes, in any order, from any number of processes.
"""

from __future__ import annotations

import os
import tarfile
from bisect import bisect_right
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path

import numpy as np

from schemas.errors import SchemaError
from schemas.index import CorpusIndex
from schemas.page import Page
from schemas.sample import REPAIR, decode_page, decode_tokens

MEMBERS = ("jpg", "json", "tokens.npy")


@dataclass(frozen=True)
class Sample:
    """One page of a corpus, as it is stored.

    Attributes:
        key: `page_key` of the page.
        jpg: the upright page image as a JPEG file.
        json: the page record, see `decode_page`.
        tokens: `(tokens, 8)` int32, columns `TOKEN_COLUMNS`.
    """

    key: str
    jpg: bytes
    json: bytes
    tokens: np.ndarray

    def page(self) -> Page:
        """Decodes the page record.

        Raises:
            SchemaError: the record is damaged or has another schema version.
        """
        return decode_page(self.json, f"{self.key}.json")


class Shard:
    """One tar of samples.

    The headers are read once, at the first use. The file is open only while a sample is read.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._keys: list[str] | None = None
        self._numbers: dict[str, int] = {}
        self._spans = np.empty((0, 3, 2), np.int64)

    def keys(self) -> list[str]:
        """Returns the keys of the samples in the order of the tar.

        Raises:
            SchemaError: the file is not a tar of samples.
        """
        if self._keys is None:
            self._keys, self._spans = _scan(self.path)
            self._numbers = {key: number for number, key in enumerate(self._keys)}
        return self._keys

    def sample_of(self, key: str) -> Sample:
        """Returns the sample with a key.

        Raises:
            SchemaError: the file is damaged or missing, or has no such sample.
        """
        self.keys()
        if key not in self._numbers:
            raise SchemaError(f"{self.path} has no sample {key}: {REPAIR}.")
        return self.sample(self._numbers[key])

    def sample(self, index: int) -> Sample:
        """Returns the sample at position `index`.

        Raises:
            SchemaError: the file is damaged or missing.
        """
        jpg, json, tokens = self._read(index, MEMBERS)
        key = self.keys()[index]
        return Sample(key, jpg, json, decode_tokens(tokens, f"{self.path}: {key}.tokens.npy"))

    def read(self, index: int, member: str) -> bytes:
        """Returns one member (`jpg`, `json` or `tokens.npy`) of the sample at position `index`.

        Raises:
            SchemaError: the file is damaged or missing.
        """
        (data,) = self._read(index, (member,))
        return data

    def _read(self, index: int, members: tuple[str, ...]) -> list[bytes]:
        key = self.keys()[index]
        try:
            # Open the file for each sample: this takes microseconds, and a corpus may have more shards than a process
            # may have open files.
            with self.path.open("rb", buffering=0) as file:
                return [self._pread(file.fileno(), index, key, member) for member in members]
        except OSError as error:
            raise SchemaError(f"{self.path} cannot be read: {error}; {REPAIR}.") from error

    def _pread(self, fd: int, index: int, key: str, member: str) -> bytes:
        offset, size = self._spans[index, MEMBERS.index(member)].tolist()
        data = os.pread(fd, size, offset)
        if len(data) != size:
            raise SchemaError(f"{self.path} ends inside {key}.{member}: {REPAIR}.")
        return data


def _scan(path: Path) -> tuple[list[str], np.ndarray]:
    """Returns the keys, and an array `(samples, 3, 2)` with offset and size of each member."""
    members: dict[str, dict[str, tuple[int, int]]] = {}
    try:
        with tarfile.open(path, "r:") as tar:
            for info in tar:
                key, _, member = info.name.partition(".")
                members.setdefault(key, {})[member] = (info.offset_data, info.size)
        spans = [[found[member] for member in MEMBERS] for found in members.values()]
    except (OSError, tarfile.TarError) as error:
        raise SchemaError(f"{path} cannot be read as a shard: {error}; {REPAIR}.") from error
    except KeyError as error:
        raise SchemaError(f"{path} has a sample without its {error} member: {REPAIR}.") from error
    return list(members), np.asarray(spans, np.int64).reshape(-1, 3, 2)


class Corpus:
    """A finished local corpus as a sequence of samples, in the order of the shards.

    Raises:
        UsageError: the directory does not contain a finished corpus.
        SchemaError: the schema version differs, or a shard is damaged (raised when the shard is first read).
    """

    def __init__(self, corpus_dir: str | Path) -> None:
        self.index = CorpusIndex.read(corpus_dir)
        self.shards = [Shard(Path(corpus_dir, "shards", f"{shard.name}.tar")) for shard in self.index.shards]
        self._ends = list(accumulate(shard.samples for shard in self.index.shards))

    def __len__(self) -> int:
        return self._ends[-1] if self._ends else 0

    def __getitem__(self, index: int) -> Sample:
        shard, local = self._locate(index)
        return shard.sample(local)

    def key(self, index: int) -> str:
        """Returns the key of sample `index` without reading the sample.

        Raises:
            IndexError: the corpus has no sample `index`.
            SchemaError: the shard is damaged or missing.
        """
        shard, local = self._locate(index)
        return shard.keys()[local]

    def read(self, index: int, member: str) -> bytes:
        """Returns one member (`jpg`, `json` or `tokens.npy`) of sample `index`.

        Raises:
            IndexError: the corpus has no sample `index`.
            SchemaError: the shard is damaged or missing.
        """
        shard, local = self._locate(index)
        return shard.read(local, member)

    def _locate(self, index: int) -> tuple[Shard, int]:
        if not 0 <= index < len(self):
            raise IndexError(f"there is no sample {index}: the corpus has {len(self)} samples")
        number = bisect_right(self._ends, index)
        local = index - (self._ends[number] - self.index.shards[number].samples)
        shard = self.shards[number]
        found, expected = len(shard.keys()), self.index.shards[number].samples
        if found != expected:
            raise SchemaError(f"{shard.path} contains {found} samples, but the index says {expected}: {REPAIR}.")
        return shard, local
