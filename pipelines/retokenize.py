"""Makes a corpus for another tokenizer: `python -m pipelines.retokenize OUT --tokenizer X --output OUT2`.

Images and pages are copied as they are, token arrays are made anew from the pages' words; no PDF is opened and nothing
is read by OCR.
"""

from __future__ import annotations

import argparse
import logging
import os
import signal
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from functools import partial
from multiprocessing import get_context

import pyarrow as pa

from pipelines.corpus.store import CorpusStore
from pipelines.finish import finish, is_finished, summarize
from pipelines.output import claim_output, read_index, read_plan, refuse_same_place, sole_command
from pipelines.retokenizer import Retokenizer
from pipelines.runtime.arguments import place, positive
from pipelines.runtime.command import leave, run_command
from pipelines.runtime.files import open_file_systems
from pipelines.runtime.progress import Progress
from schemas import CorpusIndex, FolioError, PageStatus, ShardInfo, UsageError, load_tokenizer

logger = logging.getLogger("folio")

DESCRIPTION = """\
Make a corpus for another tokenizer out of a finished one, without OCR.

  python -m pipelines.retokenize corpus --tokenizer google/flan-t5-base --output corpus-flan
  python -m pipelines.retokenize gs://bucket/corpus --tokenizer own.model --output gs://bucket/corpus-own

OUT2 gets the images and pages of OUT as they are, new token arrays, and tables, index, report and card to match:
what pipelines.build_corpus --tokenizer X would have written. OUT is only read. Run the same command again to go on
after an interruption: finished shards are kept."""

EXIT_CODES = "exit codes: 0 OUT2 is complete, 1 the run failed, 2 wrong usage, 130 stopped by Ctrl-C, 143 by SIGTERM"


def retokenize(corpus: str, tokenizer_name: str, output: str, workers: int) -> CorpusIndex:
    """Makes what is missing of the new corpus and returns its index.

    Raises:
        UsageError: no finished corpus, no such tokenizer, or an output that cannot be.
        FolioError: a file of the corpus is damaged, or the run failed.
    """
    refuse_same_place(corpus, output)
    open_file_systems((corpus, output), [])
    source, target = CorpusStore(corpus), CorpusStore(output)
    index = read_index(source)
    tokenizer = load_tokenizer(tokenizer_name)
    content = {**index.config, "tokenizer": tokenizer.name, "tokenizer_sha256": tokenizer.sha256}
    with sole_command(output):
        claim_output(content, target)
        plan = copy_plan(source, target)
        missing = [shard for shard in index.shards if not target.has_shard(shard.name)]
        if not missing and is_finished(target):
            logger.info("%s is complete already: nothing to do", output)
            made = read_index(target)
            target.clear_work()
        else:
            work = Retokenizer(corpus, output, tokenizer_name, index.grid_rows, index.grid_cols)
            make_shards(work, index, missing, workers)
            made = finish(content, tokenizer, target, plan, [shard.name for shard in index.shards])
    summarize(made, target)
    return made


def copy_plan(source: CorpusStore, target: CorpusStore) -> pa.Table:
    """Gives the new corpus the plan of the finished one, and returns it.

    Raises:
        UsageError: the output belongs to other documents.
    """
    plan = read_plan(source)
    if not target.exists("plan.parquet"):
        target.write(source.read("plan.parquet"), "plan.parquet")
    elif not read_plan(target).equals(plan):
        raise UsageError(f"--output {target.output} holds a corpus of other documents; choose another OUT2.")
    return plan


def make_shards(work: Retokenizer, index: CorpusIndex, missing: list[ShardInfo], workers: int) -> None:
    """Makes the shards that are not there yet, each in one of `workers` processes."""
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
    # Ctrl-C reaches the launcher alone, which then lets the workers finish the shards that they hold.
    ignore_interrupt = partial(signal.signal, signal.SIGINT, signal.SIG_IGN)
    pool = ProcessPoolExecutor(workers, get_context("spawn"), ignore_interrupt)
    try:
        yield from pool.map(work, shards)
    except BrokenProcessPool as error:
        raise FolioError("a worker process was killed, perhaps for memory: try again with fewer --workers.") from error
    finally:
        pool.shutdown(cancel_futures=True)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m pipelines.retokenize",
        description=DESCRIPTION,
        epilog=EXIT_CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("corpus", metavar="OUT", help="a finished corpus: a path, gs://, s3:// ...")
    parser.add_argument(
        "--tokenizer",
        required=True,
        metavar="X",
        help="SentencePiece model, tokenizer.json, a directory with one of them, a hub name, or t5 (packaged)",
    )
    parser.add_argument("--output", type=place, required=True, metavar="OUT2", help="directory of the new corpus")
    parser.add_argument(
        "--workers",
        type=positive,
        default=os.cpu_count() or 1,
        help="processes, each making one shard at a time (default: the cores, %(default)s here)",
    )
    return parser


def main(argv: list[str] | None = None) -> int:
    """Runs the command line; returns the exit code."""
    flags = _parser().parse_args(argv)
    return run_command(lambda: retokenize(flags.corpus, flags.tokenizer, flags.output, flags.workers))


if __name__ == "__main__":
    leave(main())
