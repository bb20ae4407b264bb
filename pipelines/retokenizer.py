"""One shard of a finished corpus to the same shard for another tokenizer."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from apache_beam.io.filesystem import BeamIOError

from pipelines.corpus.store import CorpusStore
from pipelines.page.tokens import token_array
from pipelines.runtime.local_copy import local_copy
from pipelines.runtime.scratch import scratch_directory
from pipelines.shard import Members, read_sidecar, write_sidecar, write_tar
from pipelines.verify import file_faults
from schemas import SchemaError, ShardInfo, load_tokenizer
from schemas.reader import Shard
from schemas.sample import REPAIR, encode_tokens


@dataclass(frozen=True)
class Retokenizer:
    """Makes shards of one corpus anew; travels to the worker processes.

    Attributes:
        corpus, output: the finished corpus and the new one.
        tokenizer: see `schemas.load_tokenizer`.
        grid_rows, grid_cols: of the tokens' cells.
    """

    corpus: str
    output: str
    tokenizer: str
    grid_rows: int
    grid_cols: int

    def __call__(self, info: ShardInfo) -> int:
        """Makes and commits one shard; returns its samples.

        Args:
            info: the finished shard.

        Raises:
            SchemaError: it is damaged.
        """
        target = CorpusStore(self.output)
        tokens: dict[str, int] = {}
        with scratch_directory() as scratch:
            shard, rows = open_shard(info, CorpusStore(self.corpus), scratch)
            made = write_tar(info.name, info.pages, self._samples(shard, tokens), target)
        write_sidecar(made, [{**row, "tokens": tokens.get(row["key"], 0)} for row in rows], target)
        return made.samples

    def _samples(self, shard: Shard, tokens: dict[str, int]) -> Iterator[Members]:
        """Yields the samples in stored order and notes how many tokens each has."""
        tokenizer = _load_once(self.tokenizer)
        for number, key in enumerate(shard.keys()):
            sample = shard.sample(number)
            array = token_array(sample.page(), tokenizer, self.grid_rows, self.grid_cols)
            tokens[key] = len(array)
            yield {"__key__": key, "jpg": sample.jpg, "json": sample.json, "tokens.npy": encode_tokens(array)}


_load_once = lru_cache(maxsize=1)(load_tokenizer)


def open_shard(info: ShardInfo, store: CorpusStore, scratch: Path) -> tuple[Shard, list[dict]]:
    """Opens a finished shard and its page rows, after a look whether the tar is whole.

    A damaged one must not get a new digest that says it is sound.
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
