"""Speed of the loader on one core: pages with image decoded and on its canvas, tokens masked, collated in batches.

python -m benchmarks.training.loader --corpus corpus --table benchmarks/results/training/loader.md

Three loaders read the same shards and return batches of the same form: Folio's; webdataset with its own decoders; the
`datasets` library, streaming, with its own decoders. The other two have no masking and no collating, so they use
Folio's. The loaders alternate in rounds. The table gives medians.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.machine import machine
from benchmarks.report import add_table_flag, publish
from schemas import Tokenizer
from trainer.data.batches import sample_order
from trainer.data.collate import collate
from trainer.data.corpora import open_corpora
from trainer.data.loader import PageDataset, load_batches
from trainer.data.sample_order import RankBatches
from trainer.model.batch import Batch
from trainer.model.page_canvas import page_patches
from trainer.run.setup import fit_to_corpora, pretraining
from trainer.settings.pretrain import PretrainConfig
from trainer.settings.reading.loading import load_config
from trainer.tasks.pretraining.example import mask_text

BATCH = 8
SHUFFLE = 256  # samples in the shuffle buffer of the other loaders, about 30 MB


class FolioLoader:
    """Folio's loader, in the order of a training run."""

    def __init__(self, config: PretrainConfig) -> None:
        corpora, self.tokenizer = open_corpora(config)
        self.config = fit_to_corpora(config, corpora, self.tokenizer)
        self.task = pretraining(self.config, self.tokenizer)
        pages = [corpus.train for corpus in corpora]
        self.dataset = PageDataset(pages, self.task, self.config.model, self.config.seed)
        self.order = sample_order(self.config, corpora)

    def batches(self) -> Iterator[Batch]:
        """Returns an endless iterator of batches."""
        plan = RankBatches(
            self.order,
            self.dataset.length,
            **{"global_batch": 8 * BATCH, "micro_batch": BATCH, "rank": 0, "ranks": 1, "consumed": 0, "steps": 10**6},
        )
        return load_batches(self.dataset, plan, pad_multiple=self.config.pad_multiple, workers=0)


def webdataset_samples(shards: list[str]) -> Iterator[tuple[str, np.ndarray, np.ndarray]]:
    """Yields key, tokens `(n, 8)` and image `(height, width, 3)`, read by webdataset and its decoders."""
    import webdataset

    source = webdataset.WebDataset(shards, shardshuffle=100, seed=0, empty_check=False).repeat().shuffle(SHUFFLE)
    for sample in source.decode("rgb8"):
        yield sample["__key__"], sample["tokens.npy"], sample["jpg"]


def datasets_samples(shards: list[str]) -> Iterator[tuple[str, np.ndarray, np.ndarray]]:
    """Yields key, tokens `(n, 8)` and image `(height, width, 3)`, read by `datasets` and its decoders."""
    import datasets

    datasets.disable_progress_bars()
    while True:
        source = datasets.load_dataset("webdataset", data_files={"train": shards}, split="train", streaming=True)
        for sample in source.shuffle(seed=0, buffer_size=SHUFFLE):
            yield (
                sample["__key__"],
                np.asarray(sample["tokens.npy"], np.int32),
                np.array(sample["jpg"].convert("RGB")),
            )


def masked(
    samples: Iterable[tuple[str, np.ndarray, np.ndarray]], config: PretrainConfig, tokenizer: Tokenizer
) -> Iterator[Batch]:
    """Yields batches of samples that another loader decoded, masked and collated as in Folio's loader."""
    model = config.model
    rest = {"seed": config.seed, "epoch": 0, "objectives": config.objectives, "model": model, "tokenizer": tokenizer}
    stream = iter(samples)
    while True:
        batch = list(islice(stream, BATCH))
        texts = [mask_text(key, tokens, **rest) for key, tokens, _ in batch]
        pages = [page_patches(image, model) for *_, image in batch]
        examples = [replace(text, page=page) for text, page in zip(texts, pages, strict=True)]
        yield collate(examples, pretraining(config, tokenizer), config.pad_multiple)


def measure(loaders: dict[str, Callable[[], Iterator[Batch]]], pages: int, rounds: int) -> dict[str, dict[str, list]]:
    """Returns for every loader the wall seconds and CPU-seconds per page of every round."""
    found: dict[str, dict[str, list]] = {name: {"wall_s": [], "cpu_s": []} for name in loaders}
    streams = {name: start() for name, start in loaders.items()}
    for stream in streams.values():
        next(stream)  # opens files and fills the shuffle buffer
    for _ in range(rounds):
        for name, stream in streams.items():
            wall_s, cpu_s = time.perf_counter(), time.process_time()
            for _ in range(pages // BATCH):
                next(stream)
            found[name]["wall_s"].append((time.perf_counter() - wall_s) / pages)
            found[name]["cpu_s"].append((time.process_time() - cpu_s) / pages)
    return found


def table(found: dict[str, dict[str, list]]) -> str:
    """Returns medians over the rounds as Markdown. A ratio is the median of the ratios within a round."""
    lines = ["| loader | pages/s | CPU-ms per page | CPU time relative to Folio |", "|---|---|---|---|"]
    ours = found["Folio"]["cpu_s"]
    for name, row in found.items():
        ratio = statistics.median(theirs / mine for theirs, mine in zip(row["cpu_s"], ours, strict=True))
        cpu_s, wall_s = statistics.median(row["cpu_s"]), statistics.median(row["wall_s"])
        lines.append(f"| {name} | {1 / wall_s:.0f} | {cpu_s * 1e3:.2f} | {ratio:.2f} x |")
    return "\n".join(lines)


def main() -> None:
    """Measures and writes the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpus", required=True)
    parser.add_argument("--pages", type=int, default=160, help="per round")
    parser.add_argument("--rounds", type=int, default=15)
    add_table_flag(parser)
    flags = parser.parse_args()
    ours = FolioLoader(load_config("small", None, {"corpus": [flags.corpus], "val_share": "0"}))
    shards = sorted(str(path) for path in Path(flags.corpus, "shards").glob("*.tar"))
    others: dict[str, Callable[[list[str]], Any]] = {
        "webdataset, its decoders": webdataset_samples,
        "datasets, its decoders": datasets_samples,
    }
    loaders: dict[str, Callable[[], Iterator[Batch]]] = {"Folio": ours.batches}
    for name, samples in others.items():
        loaders[name] = lambda samples=samples: masked(samples(shards), ours.config, ours.tokenizer)
    pages = flags.pages // BATCH * BATCH
    about = f"One core, {flags.rounds} rounds of {pages} pages. {machine()}"
    publish(f"{table(measure(loaders, pages, flags.rounds))}\n\n{about}", flags.table)


if __name__ == "__main__":
    main()
