"""Makes a corpus for another tokenizer from a finished one.

Images and page records are copied unchanged. Token arrays are computed from the words of the pages. No PDF is opened
and no OCR is run.
"""

from __future__ import annotations

import logging
import signal
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from functools import lru_cache, partial
from multiprocessing import get_context

import pyarrow as pa

from pipelines.corpus.claim import claim_output, read_index, read_plan, refuse_same_place, sole_command
from pipelines.corpus.finish import finish, is_finished, summarize
from pipelines.corpus.shards import Members, open_shard, write_sidecar, write_tar
from pipelines.corpus.store import CorpusStore
from pipelines.runtime.files import open_file_systems
from pipelines.runtime.progress import Progress
from pipelines.runtime.scratch import scratch_directory
from schemas import CorpusIndex, FolioError, PageStatus, ShardInfo, UsageError, load_tokenizer
from schemas.reader import Shard
from schemas.sample import encode_tokens
from schemas.tokens import token_array

logger = logging.getLogger("pipelines")


def retokenize(corpus: str, tokenizer_name: str, output: str, workers: int) -> CorpusIndex:
    """Makes the missing files of the new corpus and returns its index.

    Args:
        corpus: directory of the finished corpus.
        tokenizer_name: see `schemas.load_tokenizer`.
        output: directory of the new corpus.
        workers: number of processes.

    Raises:
        UsageError: there is no finished corpus or no such tokenizer, or the output cannot be used.
        FolioError: a file of the corpus is damaged, or the run failed.
    """
    refuse_same_place(corpus, output)
    open_file_systems((corpus, output), [])
    source, target = CorpusStore(corpus), CorpusStore(output)
    index = read_index(source)
    tokenizer = load_tokenizer(tokenizer_name)
    settings = {**index.config, "tokenizer": tokenizer.name, "tokenizer_sha256": tokenizer.sha256}
    with sole_command(output):
        claim_output(settings, target)
        plan = copy_plan(source, target)
        missing = [shard for shard in index.shards if not target.has_shard(shard.name)]
        if not missing and is_finished(target):
            logger.info("%s is complete already: nothing to do", output)
            made = read_index(target)
            target.clear_work()
        else:
            work = Retokenizer(corpus, output, tokenizer_name, index.grid_rows, index.grid_cols)
            make_shards(work, index, missing, workers)
            made = finish(settings, tokenizer, target, plan, [shard.name for shard in index.shards])
    summarize(made, target)
    return made


def copy_plan(source: CorpusStore, target: CorpusStore) -> pa.Table:
    """Copies the plan of the finished corpus to the new one and returns it.

    Raises:
        UsageError: the output already holds a corpus of other documents.
    """
    plan = read_plan(source)
    if not target.exists("plan.parquet"):
        target.write(source.read("plan.parquet"), "plan.parquet")
    elif not read_plan(target).equals(plan):
        raise UsageError(f"--output {target.output} holds a corpus of other documents; choose another OUT2.")
    return plan


def make_shards(work: Retokenizer, index: CorpusIndex, missing: list[ShardInfo], workers: int) -> None:
    """Makes the missing shards in `workers` processes and shows the progress."""
    total = sum(shard.samples for shard in index.shards)
    progress = Progress("retokenized", "pages", total, done=total - sum(shard.samples for shard in missing))
    try:
        for samples in _in_processes(work, missing, min(workers, len(missing))):
            progress.update(PageStatus.OK, samples)
    finally:
        progress.close()


def _in_processes(work: Retokenizer, shards: list[ShardInfo], workers: int) -> Iterator[int]:
    if workers < 2:
        yield from map(work, shards)
        return
    # Workers ignore Ctrl-C. The launcher then lets them finish their current shards.
    ignore_interrupt = partial(signal.signal, signal.SIGINT, signal.SIG_IGN)
    pool = ProcessPoolExecutor(workers, get_context("spawn"), ignore_interrupt)
    try:
        yield from pool.map(work, shards)
    except BrokenProcessPool as error:
        raise FolioError(
            "a worker process was killed, perhaps because memory ran out: try again with fewer --workers."
        ) from error
    finally:
        pool.shutdown(cancel_futures=True)


@dataclass(frozen=True)
class Retokenizer:
    """Makes shards of the new corpus from those of the finished one. It is pickled for the worker processes.

    Attributes:
        corpus: the finished corpus.
        output: the new corpus.
        tokenizer: see `schemas.load_tokenizer`.
        grid_rows: rows of the grid that defines a token's cell.
        grid_cols: columns of that grid.
    """

    corpus: str
    output: str
    tokenizer: str
    grid_rows: int
    grid_cols: int

    def __call__(self, info: ShardInfo) -> int:
        """Makes and commits one shard; returns its number of samples.

        Args:
            info: the finished shard.

        Raises:
            SchemaError: the finished shard is damaged.
        """
        target = CorpusStore(self.output)
        tokens: dict[str, int] = {}
        with scratch_directory() as scratch:
            shard, rows = open_shard(info, CorpusStore(self.corpus), scratch)
            made = write_tar(info.name, info.pages, self._samples(shard, tokens), target)
        write_sidecar(made, [{**row, "tokens": tokens.get(row["key"], 0)} for row in rows], target)
        return made.samples

    def _samples(self, shard: Shard, tokens: dict[str, int]) -> Iterator[Members]:
        """Yields the samples in stored order and records the number of tokens of each in `tokens`."""
        tokenizer = _load_once(self.tokenizer)
        for number, key in enumerate(shard.keys()):
            sample = shard.sample(number)
            array = token_array(sample.page(), tokenizer, self.grid_rows, self.grid_cols)
            tokens[key] = len(array)
            yield {"__key__": key, "jpg": sample.jpg, "json": sample.json, "tokens.npy": encode_tokens(array)}


_load_once = lru_cache(maxsize=1)(load_tokenizer)
