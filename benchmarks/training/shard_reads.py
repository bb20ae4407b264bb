"""How often the ranks of a machine read whole shards to check their hashes, before and with the records of checks.

python -m benchmarks.training.shard_reads --corpus corpus

The ranks and their workers read each page of a local corpus once, as in a training run, but without a model. The table
counts the hashes of whole files: without a cache folder, where each rank checks for itself; in a first run with a new
cache folder; and in a second run.
"""

from __future__ import annotations

import argparse
import multiprocessing
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks.machine import machine
from benchmarks.report import add_table_flag, publish
from schemas.support.hashing import sha256_of
from trainer.data import check_records
from trainer.data.batches import sample_order
from trainer.data.corpora import open_corpora
from trainer.data.loader import PageDataset, load_batches
from trainer.data.sample_order import RankBatches
from trainer.run.setup import fit_to_corpora, pretraining
from trainer.settings.reading.loading import load_config

BATCH = 4  # pages of a rank per step
NO_FOLDER = "/dev/null/none"  # cannot be created


def counting(log: Path) -> Callable[[Path], str]:
    """Returns `sha256_of`, but each call also appends the CPU-seconds that it took to a file."""

    def hash_and_count(path: Path) -> str:
        before = time.thread_time()
        digest = sha256_of(path)
        with log.open("a") as file:
            file.write(f"{time.thread_time() - before}\n")
        return digest

    return hash_and_count


def read_pages(corpus: str, cache: str, rank: int, ranks: int, workers: int) -> None:
    """Reads the pages of one rank in one epoch."""
    config = load_config("tiny", None, {"corpus": [corpus], "val_share": "0", "cache_dir": cache})
    corpora, tokenizer = open_corpora(config)
    config = fit_to_corpora(config, corpora, tokenizer)
    pages = [corpus.train for corpus in corpora]
    dataset = PageDataset(pages, pretraining(config, tokenizer), config.model, config.seed)
    place = {"global_batch": BATCH * ranks, "micro_batch": BATCH, "rank": rank, "ranks": ranks, "consumed": 0}
    steps = sum(map(len, pages)) // (BATCH * ranks)
    micro_batches = RankBatches(sample_order(config, corpora), dataset.length, **place, steps=steps)
    for _ in load_batches(dataset, micro_batches, pad_multiple=config.pad_multiple, workers=workers):
        pass


def run(flags: argparse.Namespace, cache: str, log: Path) -> list[float]:
    """Runs all ranks at the same time. Returns the CPU-seconds of each hash of a whole file."""
    log.write_text("")
    check_records.sha256_of = counting(log)  # inherited by the processes
    start = multiprocessing.get_context("fork").Process
    ranks = [
        start(target=read_pages, args=(flags.corpus, cache, rank, flags.ranks, flags.workers))
        for rank in range(flags.ranks)
    ]
    for rank in ranks:
        rank.start()
    for rank in ranks:
        rank.join()
        assert rank.exitcode == 0
    return [float(line) for line in log.read_text().split()]


def main() -> None:
    """Counts and writes the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpus", required=True)
    parser.add_argument("--ranks", type=int, default=2)
    parser.add_argument("--workers", type=int, default=4, help="per rank")
    add_table_flag(parser)
    flags = parser.parse_args()
    lines = ["| run | whole reads | CPU-ms |", "|---|---|---|"]
    with tempfile.TemporaryDirectory() as scratch:
        runs = {"without a cache folder": NO_FOLDER, "first run": f"{scratch}/cache", "second run": f"{scratch}/cache"}
        for name, cache in runs.items():
            hashes = run(flags, cache, Path(scratch, "log"))
            lines.append(f"| {name} | {len(hashes)} | {1e3 * sum(hashes):.1f} |")
    tars = list(Path(flags.corpus, "shards").glob("*.tar"))
    size = sum(path.stat().st_size for path in tars) / 1e6
    about = f"{len(tars)} shards, {size:.0f} MB, {flags.ranks} ranks x {flags.workers} workers. {machine()}"
    publish("\n".join([*lines, "", about]), flags.table)


if __name__ == "__main__":
    main()
