"""Speed-up by a second page process: pages/s of the same build with one process and with two.

python -m benchmarks.corpus.workers --input 'pdfs/**/*.pdf' --small pdfs/one.pdf --output corpora \
    --table benchmarks/results/corpus/workers.md

The build of one small document shows the cost of start-up. This cost does not depend on the number of workers, and its
share is smaller with more pages. The OCR engine alone, in one process and in two, shows what the machine can reach.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass
from pathlib import Path

from benchmarks.corpus.bare_engine import read_in_parallel
from benchmarks.corpus.overhead import planned_pages
from benchmarks.corpus.real_run import watch
from benchmarks.machine import machine
from benchmarks.report import add_table_flag, publish
from schemas import CorpusIndex

ENGINE_PAGES = 14  # pages for the OCR engine alone


@dataclass(frozen=True)
class Run:
    """Pages, wall seconds and CPU-seconds of a build."""

    pages: int
    wall_s: float
    cpu_s: float

    @classmethod
    def of(cls, inputs: list[str], output: Path, workers: int, build_flags: list[str]) -> Run:
        """Builds a corpus and measures it."""
        command = [sys.executable, "-m", "pipelines.build_corpus", "--input", *inputs, "--output", str(output)]
        wall_s, cpu_s, _ = watch([*command, "--workers", str(workers), *build_flags])
        return cls(CorpusIndex.read(output).totals["pages"], wall_s, cpu_s)

    def without(self, start_up: Run) -> Run:
        """Returns the difference of this run and a start-up run."""
        return Run(self.pages - start_up.pages, self.wall_s - start_up.wall_s, self.cpu_s - start_up.cpu_s)


def table(measured: dict[str, dict[int, Run]]) -> str:
    """Returns the runs of each kind, by number of processes, as Markdown."""
    lines = ["| | processes | pages | wall, s | CPU-s per page | pages/s | speed-up |", "|---|---|---|---|---|---|---|"]
    for name, runs in measured.items():
        alone = runs[min(runs)].pages / runs[min(runs)].wall_s
        for workers, run in runs.items():
            rate = run.pages / run.wall_s
            figures = f"{run.wall_s:.1f} | {run.cpu_s / run.pages:.3f} | {rate:.2f} | {rate / alone:.2f} x"
            lines.append(f"| {name} | {workers} | {run.pages} | {figures} |")
    return "\n".join(lines) + f"\n\n{machine()}"


def main() -> None:
    """Measures and writes the table. Unknown flags are passed to the build."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--input", nargs="+", required=True, help="as for pipelines.build_corpus")
    parser.add_argument("--small", required=True, help="one of the documents, with two pages: one per process")
    parser.add_argument("--output", type=Path, required=True, help="directory for the corpora")
    add_table_flag(parser)
    flags, build_flags = parser.parse_known_args()
    whole, steady, engine = {}, {}, {}
    for workers in (1, 2):
        start_up = Run.of([flags.small], flags.output / f"{workers}-small", workers, build_flags)
        whole[workers] = Run.of(flags.input, flags.output / f"{workers}", workers, build_flags)
        steady[workers] = whole[workers].without(start_up)
    pages = planned_pages(flags.output / "1")[:ENGINE_PAGES]
    for processes in (1, 2):
        engine[processes] = Run(*read_in_parallel(pages, processes))
    runs = {"build": whole, "build without start-up": steady, "OCR engine alone, warm": engine}
    publish(table(runs), flags.table)


if __name__ == "__main__":
    main()
