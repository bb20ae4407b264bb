"""What pretraining runs have learnt: losses and accuracies on held-out pages, compared with two references.

python -m benchmarks.training.learning RUN [RUN2 ...] --table benchmarks/results/training/learning.md

The references are chance, and for denoising also word frequencies: a model that knows the order of the sentinels, how
often a masked span ends, and how often each token occurs in the training pages, but does not look at the page.
"""

from __future__ import annotations

import argparse
import json
import math
from pathlib import Path

import numpy as np

from benchmarks.machine import machine
from benchmarks.report import add_table_flag, publish
from schemas import Tokenizer
from trainer.data.corpora import OpenCorpus, open_corpora
from trainer.data.loader import PageDataset
from trainer.run.held_out import Evaluation
from trainer.run.setup import fit_to_corpora, pretraining
from trainer.settings.pretrain import PretrainConfig
from trainer.settings.reading.loading import load_config

COLUMNS = ("denoise loss", "denoise acc", "line loss", "line acc", "grid loss", "grid acc")
KEYS = tuple(f"val_{kind}_{name}" for name in ("denoise", "line", "grid") for kind in ("loss", "acc"))


def validations(run: Path) -> list[dict[str, float]]:
    """Returns the rows of a run's log that were measured on held-out pages."""
    rows = [json.loads(line) for line in (run / "log.jsonl").read_text().splitlines()]
    return [row for row in rows if "val_loss" in row]


def spread(rows: list[dict[str, float]], count: int) -> list[dict[str, float]]:
    """Returns at most `count` rows: the last one, and rows before it whose steps at least double."""
    chosen = [rows[0]]
    for row in rows[1:-1]:
        if row["step"] >= 2 * chosen[-1]["step"]:
            chosen.append(row)
    return [*chosen[-count + 1 :], rows[-1]] if len(rows) > 1 else chosen


def references(run: Path) -> list[str]:
    """Returns the rows of the references: chance and word frequencies."""
    settings = load_config("tiny", str(run / "config.yaml"))
    corpora, tokenizer = open_corpora(settings)
    config = fit_to_corpora(settings, corpora, tokenizer)
    vocabulary, cells = config.model.vocab_size, config.model.grid_cells
    chance = [math.log(vocabulary), 1 / vocabulary, math.log(3), 1 / 3, math.log(cells), 1 / cells]
    loss, accuracy = word_frequencies(config, corpora, tokenizer)
    return [
        f"| {run.name}, chance | | " + " | ".join(f"{value:.3f}" for value in chance) + " |",
        f"| {run.name}, word frequencies | | {loss:.3f} | {accuracy:.3f} |" + " |" * 4,
    ]


def word_frequencies(config: PretrainConfig, corpora: list[OpenCorpus], tokenizer: Tokenizer) -> tuple[float, float]:
    """Returns loss and accuracy of denoising on the held-out targets by frequencies (add-one smoothing for tokens)."""
    counts = np.ones(config.model.vocab_size)
    for pages in (corpus.train for corpus in corpora):
        for row in range(len(pages)):
            counts += np.bincount(pages.sample(row).tokens[:, 0], minlength=len(counts))
    pages = PageDataset(
        [corpus.held_out for corpus in corpora], pretraining(config, tokenizer), config.model, config.seed
    )
    held_out = Evaluation(pages, config.val_pages, 1, config.pad_multiple)
    targets = np.concatenate([held_out.dataset[ref].labels for (ref,) in held_out.blocks])
    is_word = ~np.isin(targets, [*tokenizer.sentinel_ids, tokenizer.eos_id])
    after_word = np.concatenate([[False], is_word[:-1]])  # where a span may end: before a sentinel or eos
    going_on = is_word[after_word].mean()
    loss = -np.log(counts[targets[is_word]] / counts.sum()).sum()
    loss -= np.log(np.where(is_word[after_word], going_on, 1 - going_on)).sum()
    right = (~is_word).sum() + (is_word & ~after_word & (targets == counts.argmax())).sum()
    return float(loss / len(targets)), float(right / len(targets))


def main() -> None:
    """Writes one table for all runs."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runs", nargs="+", type=Path, metavar="RUN", help="output directory of a run")
    add_table_flag(parser)
    flags = parser.parse_args()
    lines = ["| run | step | " + " | ".join(COLUMNS) + " |", "|---" * (len(COLUMNS) + 2) + "|"]
    for run in flags.runs:
        lines += references(run)
        rows = validations(run)
        for row in spread(rows, count=8):
            values = " | ".join(f"{row[key]:.3f}" for key in KEYS)
            lines.append(f"| {run.name} | {row['step']} | {values} |")
        lines.append(f"| | | {rows[-1]['val_pages']:.0f} held-out pages |" + " |" * (len(COLUMNS) - 1))
    publish("\n".join([*lines, "", machine()]), flags.table)


if __name__ == "__main__":
    main()
