"""How long a question about a document takes: reading the page, and answering.

OMP_NUM_THREADS=1 python -m benchmarks.training.ask MODEL DOCUMENT ... --table benchmarks/results/training/ask.md

MODEL was fine-tuned on questions. Each question is asked about the first page of each document. The sizes of the model
and of its texts decide the time of an answer; its weights decide only the length of the answer.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any, TypeVar

import torch

from benchmarks.machine import machine
from benchmarks.report import add_table_flag, publish
from pipelines.build.page_stream import read_pages
from pipelines.config import TEXT_SOURCES, PageConfig
from schemas import Sample
from trainer.answering.predictor import Predictor

QUESTION = "What is the total?"
Result = TypeVar("Result")


def timed(action: Callable[..., Result], *arguments: Any) -> tuple[Result, tuple[float, float]]:
    """Returns the result of an action, and the CPU-seconds and wall-clock seconds that it took."""
    cpu, wall = time.process_time(), time.perf_counter()
    result = action(*arguments)
    return result, (time.process_time() - cpu, time.perf_counter() - wall)


def first_page(document: Path, text_source: str) -> Sample | None:
    """Returns the first page of a document, or None if it cannot be used."""
    read = next(iter(read_pages(document, PageConfig(text_source=text_source))), None)
    return read.stored() if read is not None and read.sample else None


def row(name: str, seconds: list[tuple[float, float]]) -> str:
    """Returns a row of the table: medians of CPU-seconds and of the latency, and pages per second of one core."""
    cpu, wall = (median(values) for values in zip(*seconds, strict=True))
    return f"| {name} | {len(seconds)} | {cpu:.3f} | {wall:.3f} | {1 / cpu:.2f} |"


def measure(predictor: Predictor, documents: list[Path]) -> list[str]:
    """Returns the rows of the table."""
    rows: list[str] = []
    pages: list[Sample] = []
    for text_source in TEXT_SOURCES:
        first_page(documents[0], text_source)  # loads the engine
        read = [timed(first_page, path, text_source) for path in documents]
        rows.append(row(f"read, --text_source {text_source}", [seconds for page, seconds in read if page]))
        pages = pages or [page for page, _ in read if page]
    predictor.ask(pages[0], QUESTION)  # allocates memory
    rows.append(row("answer", [timed(predictor.ask, page, QUESTION)[1] for page in pages]))
    return rows


def main() -> None:
    """Measures and writes the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", metavar="MODEL", help="a model that was fine-tuned on questions")
    parser.add_argument("documents", nargs="+", type=Path, metavar="DOCUMENT", help="PDFs or images")
    add_table_flag(parser)
    flags = parser.parse_args()
    predictor = Predictor(flags.model)
    parameters = sum(weight.numel() for weight in predictor.model.parameters()) / 1e6
    lines = ["| what | pages | CPU-s | latency, s | pages/s per core |", "|---|---|---|---|---|"]
    lines += measure(predictor, flags.documents)
    lines.append(f"\n{parameters:.1f}M parameters, fp32, {torch.get_num_threads()} thread(s), {machine()}")
    publish("\n".join(lines), flags.table)


if __name__ == "__main__":
    main()
