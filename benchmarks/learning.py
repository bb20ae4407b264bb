"""What pretraining runs have learnt: losses and accuracies on held-out pages, against chance.

python -m benchmarks.learning RUN [RUN2 ...] --table benchmarks/results/learning.md
"""

from __future__ import annotations

import argparse
import json
import math
from pathlib import Path

from benchmarks.machine import machine
from schemas import CorpusIndex, load_tokenizer

COLUMNS = ("denoise loss", "denoise acc", "line loss", "line acc", "grid loss", "grid acc")
KEYS = tuple(f"val_{kind}_{name}" for name in ("denoise", "line", "grid") for kind in ("loss", "acc"))


def validations(run: Path) -> list[dict[str, float]]:
    """Returns the rows of a run's log that were measured on held-out pages."""
    rows = [json.loads(line) for line in (run / "log.jsonl").read_text().splitlines()]
    return [row for row in rows if "val_loss" in row]


def spread(rows: list[dict[str, float]], count: int) -> list[dict[str, float]]:
    """Returns the first row, the last, and some between, doubling the step."""
    chosen = [rows[0]]
    for row in rows[1:-1]:
        if row["step"] >= 2 * chosen[-1]["step"]:
            chosen.append(row)
    return [*chosen[-count + 1 :], rows[-1]] if len(rows) > 1 else chosen


def chance_row(index: CorpusIndex) -> str:
    """Returns what a model scores that has learnt nothing: uniform guesses."""
    cells = index.grid_rows * index.grid_cols
    vocabulary = load_tokenizer().embedding_size
    losses = [math.log(vocabulary), 1 / vocabulary, math.log(3), 1 / 3, math.log(cells), 1 / cells]
    return "| chance | | " + " | ".join(f"{value:.3f}" for value in losses) + " |"


def main() -> None:
    """Prints one table over all runs and writes it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runs", nargs="+", type=Path)
    parser.add_argument("--corpus", type=Path, required=True)
    parser.add_argument("--table", type=Path, required=True)
    flags = parser.parse_args()
    lines = ["| run | step | " + " | ".join(COLUMNS) + " |", "|---" * (len(COLUMNS) + 2) + "|"]
    lines.append(chance_row(CorpusIndex.read(flags.corpus)))
    for run in flags.runs:
        rows = validations(run)
        for row in spread(rows, count=8):
            values = " | ".join(f"{row[key]:.3f}" for key in KEYS)
            lines.append(f"| {run.name} | {row['step']} | {values} |")
        lines.append(f"| | | {rows[-1]['val_pages']:.0f} held-out pages |" + " |" * (len(COLUMNS) - 1))
    result = "\n".join(lines) + f"\n\n{machine()}\n"
    flags.table.parent.mkdir(parents=True, exist_ok=True)
    flags.table.write_text(result)
    print(result)


if __name__ == "__main__":
    main()
