"""What the pipeline adds to the OCR engine: CPU-seconds of a build compared with those of the engine on its pages.

python -m benchmarks.corpus.overhead --input 'pdfs/**/*.pdf' --output corpus \\
    --table benchmarks/results/corpus/overhead.md

Three measurements, one after another: a build with one page process; the same pages with the page builder in this
process, with a clock around the engine; a build of one page, which shows the cost of start-up.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq

from benchmarks.corpus.real_run import watch
from benchmarks.machine import machine
from benchmarks.report import add_table_flag, publish
from pipelines.build.pages import PageBuilder, PageTask
from pipelines.build.shard import page_tasks
from pipelines.build.work_units import work_units
from pipelines.config import PageConfig
from pipelines.lines.words import RawWord
from pipelines.ocr.paddle import PaddleEngine, PaddlePage
from schemas import load_tokenizer


class TimedEngine(PaddleEngine):
    """The OCR engine, with a count of the CPU-seconds of line detection and recognition.

    The rest of the work to find the orientation of a page counts as work of the pipeline.
    """

    def __init__(self) -> None:
        super().__init__()
        self.forget()

    def forget(self) -> None:
        """Sets all counts to zero."""
        self.detection_s = self.reading_s = 0.0
        self.pages = 0

    def detect(self, bgr: np.ndarray) -> list[np.ndarray]:
        """Detects the lines of a page as the engine does, and counts the time."""
        started = time.process_time()
        quads = super().detect(bgr)
        self.detection_s += time.process_time() - started
        return quads

    def examine(self, image: np.ndarray) -> TimedPage:
        """Returns a page whose reading is timed."""
        return TimedPage(self, image)


class TimedPage(PaddlePage):
    """A page of the timed engine."""

    def __init__(self, engine: TimedEngine, image: np.ndarray) -> None:
        super().__init__(engine, image)
        self._timed = engine

    def words(self) -> list[RawWord]:
        """Reads the page as the engine does. Detection during this call is counted as detection only."""
        engine = self._timed
        started = time.process_time() - engine.detection_s
        words = super().words()
        engine.reading_s += time.process_time() - engine.detection_s - started
        engine.pages += 1
        return words


@dataclass(frozen=True)
class Costs:
    """CPU-seconds over all pages: of the engine, the page builder, the build, and a build of one page."""

    pages: int
    engine_s: float
    builder_s: float
    build_s: float
    one_page_s: float

    def table(self) -> str:
        """Returns the costs as Markdown: per page, and relative to the engine."""
        rows = {
            "OCR engine alone: line detection and recognition": self.engine_s / self.pages,
            "page builder: also rendering, orientation, skew, lines, tokens, JPEG": self.builder_s / self.pages,
            "build without start-up: also Beam, page processes, tar, report": (self.build_s - self.one_page_s)
            / (self.pages - 1),
            "build": self.build_s / self.pages,
        }
        engine_s = self.engine_s / self.pages
        lines = ["| | CPU-s per page | above the engine |", "|---|---|---|"]
        for name, cpu_s in rows.items():
            lines.append(f"| {name} | {cpu_s:.3f} | {100 * (cpu_s / engine_s - 1):+.1f} % |")
        about = f"{self.pages} pages by OCR; a build of one page takes {self.one_page_s:.1f} CPU-s."
        return "\n".join(lines) + f"\n\n{about} {machine()}"


def build(inputs: list[str], output: Path) -> float:
    """Builds a corpus with one page process and returns its CPU-seconds."""
    command = [sys.executable, "-m", "pipelines.build_corpus", "--input", *inputs, "--output", str(output)]
    return watch([*command, "--workers", "1"])[1]


def planned_pages(output: Path) -> list[PageTask]:
    """Returns the pages that a build attempted, in the order of the build."""
    units = work_units(pq.read_table(output / "plan.parquet"), pages_per_shard=1000)
    return [task for unit in units for piece in unit.ranges for task in page_tasks(piece, Path(piece.uri))]


def measure(inputs: list[str], output: Path) -> Costs:
    """Builds a corpus, then reads the same pages in this process."""
    build_s = build(inputs, output / "all")
    tasks = planned_pages(output / "all")
    one_page_s = build([min(tasks, key=lambda task: task.id.pages).id.uri], output / "one")
    config = PageConfig()
    engine = TimedEngine()
    builder = PageBuilder(config, engine, load_tokenizer(config.tokenizer))
    builder(tasks[0])  # does everything that is done only once
    engine.forget()
    started = time.process_time()
    for task in tasks:
        builder(task)
    builder_s = time.process_time() - started
    return Costs(engine.pages, engine.detection_s + engine.reading_s, builder_s, build_s, one_page_s)


def main() -> None:
    """Measures and writes the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--input", nargs="+", required=True, help="as for pipelines.build_corpus")
    parser.add_argument("--output", type=Path, required=True, help="directory for the two corpora")
    add_table_flag(parser)
    flags = parser.parse_args()
    os.environ["OMP_NUM_THREADS"] = "1"
    publish(measure(flags.input, flags.output).table(), flags.table)


if __name__ == "__main__":
    main()
