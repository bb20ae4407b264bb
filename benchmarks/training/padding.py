"""Share of padding in training batches: with pages unsorted, and with each global batch sorted by length.

python -m benchmarks.training.padding --corpus corpus [--corpus corpus2] --table benchmarks/results/training/padding.md

The manifest is enough to compute the lengths, so no page is read.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator

from benchmarks.machine import machine
from benchmarks.report import add_table_flag, publish
from trainer.data.batches import sample_order
from trainer.data.corpora import open_corpora
from trainer.data.loader import PageDataset
from trainer.data.sample_order import RankBatches, SampleRef
from trainer.run.setup import fit_to_corpora, pretraining
from trainer.settings.pretrain import PretrainConfig
from trainer.settings.reading.loading import load_config
from trainer.tasks.pretraining.denoising import noise_size

WAYS = (("unsorted", 64), ("unsorted", 32), ("sorted", 64), ("sorted", 32))
SIZES = ((64, 8), (1024, 32))


def lengths(dataset: PageDataset, ref: SampleRef) -> tuple[int, int]:
    """Returns the lengths of the corrupted text and of the target of a page, both with eos."""
    tokens = dataset.length(ref)
    task = dataset.task
    noise, spans = noise_size(tokens, task.settings, len(task.tokenizer.sentinel_ids)) if tokens else (0, 0)
    return tokens - noise + spans + 1, noise + spans + 1


def shares(config: PretrainConfig, sort: bool, multiple: int, sizes: tuple[int, int]) -> tuple[float, float]:
    """Returns the share of padding in an epoch: of text and target tokens, and of all tokens including visual ones."""
    corpora, tokenizer = open_corpora(config)
    config = fit_to_corpora(config, corpora, tokenizer)
    task = pretraining(config, tokenizer)
    dataset = PageDataset([corpus.train for corpus in corpora], task, config.model, config.seed)
    length: Callable[[SampleRef], int] = dataset.length if sort else lambda ref: 0
    global_batch, micro_batch = sizes
    steps = -(-sum(len(corpus.train) for corpus in corpora) // global_batch)
    layout = {"global_batch": global_batch, "micro_batch": micro_batch, "rank": 0, "ranks": 1, "consumed": 0}
    batches = RankBatches(sample_order(config, corpora), length, **layout, steps=steps)
    real = padded = pages = 0
    for batch in batches:
        found = [lengths(dataset, ref) for ref in batch]
        real += sum(map(sum, found))
        padded += len(batch) * sum(padded_lengths(found, multiple))
        pages += len(batch)
    visual = pages * config.model.visual_tokens
    return 1 - real / padded, 1 - (real + visual) / (padded + visual)


def padded_lengths(found: list[tuple[int, int]], multiple: int) -> Iterator[int]:
    """Yields the padded length of the text and of the targets of a batch, as the trainer pads them."""
    for column, step in zip(zip(*found, strict=True), (multiple, multiple // 2), strict=True):
        yield -(-max(column) // step) * step


def main() -> None:
    """Counts, and writes the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpus", action="append", required=True, help="may be repeated")
    add_table_flag(parser)
    flags = parser.parse_args()
    ways = " | ".join(f"{way}, multiple of {multiple}" for way, multiple in WAYS)
    lines = [f"| pages | global x micro-batch | {ways} |", "|---" * (2 + len(WAYS)) + "|"]
    for corpus in flags.corpus:
        config = load_config("small", None, {"corpus": [corpus], "val_share": "0"})
        pages = sum(len(opened.train) for opened in open_corpora(config)[0])
        for sizes in SIZES:
            found = [shares(config, way == "sorted", multiple, sizes) for way, multiple in WAYS]
            cells = " | ".join(f"{text:.1%} ({every:.1%})" for text, every in found)
            lines.append(f"| {pages} | {sizes[0]} x {sizes[1]} | {cells} |")
    about = f"In brackets: share of all tokens, visual ones included. {machine()}"
    publish("\n".join([*lines, "", about]), flags.table)


if __name__ == "__main__":
    main()
