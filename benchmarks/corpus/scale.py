"""Planning and finishing a corpus of many documents, without building pages: seconds and memory of each step.

python -m benchmarks.corpus.scale --work DIR --documents 10000000 --table benchmarks/results/corpus/scale.md

The results of the inspection and the rows that page processes write beside each tar are generated. Tars are empty. The
rest is the real code: the list of documents, the batches to inspect, the plan, the work units, Beam's runner with the
name of every shard, and the command itself, which finishes a corpus whose shards all exist.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.corpus.scale_input import generate_documents, generate_shards
from benchmarks.machine import machine
from benchmarks.report import add_table_flag, publish
from pipelines.build.plan import make_plan
from pipelines.build.work_units import work_units
from pipelines.config import BuildConfig, PageConfig
from pipelines.corpus.claim import claim_output
from pipelines.corpus.store import CorpusStore
from pipelines.runtime.beam.job import FileDoFn, run_chain
from pipelines.runtime.progress import Progress

Steps = dict[str, tuple[float, ...]]  # wall seconds, CPU-seconds of the process and its children


@dataclass(frozen=True)
class Build:
    """Directory and settings of the build."""

    work: Path

    @property
    def config(self) -> BuildConfig:
        """Returns the settings of the build."""
        return BuildConfig((str(self.work / "documents.txt"),), str(self.work / "corpus"), page=PageConfig("pdf"))

    @property
    def store(self) -> CorpusStore:
        """Returns the files of the corpus."""
        return CorpusStore(self.config.output)


class _Name(FileDoFn):
    """Does nothing with a shard's name."""

    output = ""

    def process(self, name: str) -> list[str]:
        return [name]


def plan(build: Build) -> Steps:
    """Plans as the command does, up to the point where the first page would be built."""
    clock = _Clock()
    claim_output(build.config.corpus_settings(), build.store)
    table = make_plan(build.config, build.store, [])
    clock.lap("list the documents, inspect batches through Beam, merge, find duplicates, write the plan")
    units = work_units(table, build.config.pages_per_shard)
    clock.lap("make the work units")
    with build.store.create("work", "units.arrow") as stream:
        units.write(stream)
    clock.lap("write the work units")
    run_chain("names", units.names, _Name(), [], Progress("passed", "pages", len(units)))
    clock.lap("send every shard name through Beam")
    return clock.steps


def finish(build: Build) -> Steps:
    """Runs the command on a corpus whose shards all exist.

    Raises:
        subprocess.CalledProcessError: the command failed.
    """
    clock, config = _Clock(), build.config
    command = [sys.executable, "-m", "pipelines.build_corpus", "--input", *config.inputs, "--output", config.output]
    done = subprocess.run([*command, "--text_source", "pdf", "--max_failed_share", "1"], check=False)
    if done.returncode not in (0, 1):  # 1: the empty tars hold no sample
        raise subprocess.CalledProcessError(done.returncode, command)
    clock.lap("whole command: read the plan, make the work units, list the shards, write manifest, report and index")
    return clock.steps


class _Clock:
    def __init__(self) -> None:
        self.steps: Steps = {}
        self._last = self._now()

    def lap(self, name: str) -> None:
        now = self._now()
        self.steps[name] = tuple(now - self._last)
        self._last = now

    @staticmethod
    def _now() -> np.ndarray:
        return np.array([time.monotonic(), sum(os.times()[:4])])


def in_a_process(task: Callable[[Build], Steps], build: Build) -> tuple[Steps, float]:
    """Runs a task in a new process; returns its steps and the peak GB of this process and its children."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(_with_peak, (task, build))


def _with_peak(task: Callable[[Build], Steps], build: Build) -> tuple[Steps, float]:
    steps = task(build)
    peaks = [resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return steps, max(peaks) * 1024 / 1e9


def main() -> None:
    """Generates the input, measures, and writes the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, required=True, help="a new directory")
    parser.add_argument("--documents", type=int, default=10_000_000, help="documents to generate")
    add_table_flag(parser)
    flags = parser.parse_args()
    build = Build(flags.work)
    build.work.mkdir()
    claim_output(build.config.corpus_settings(), build.store)
    generate_documents(Path(build.config.inputs[0]), Path(build.config.output), flags.documents)
    rows = []
    for task, before in ((plan, None), (finish, generate_shards)):
        if before:
            before(Path(build.config.output))
        steps, peak_gb = in_a_process(task, build)
        rows += [f"| {name} | {spent_s:.1f} | {cpu_s:.1f} | |" for name, (spent_s, cpu_s) in steps.items()]
        spent_s, cpu_s = map(sum, zip(*steps.values(), strict=True))
        rows.append(f"| **{task.__name__}** | **{spent_s:.0f}** | **{cpu_s:.0f}** | **{peak_gb:.1f}** |")
    totals = json.loads((flags.work / "corpus" / "index.json").read_text())["totals"]
    about = f"{totals['documents']:,} documents, {totals['pages']:,} pages. {machine()}"
    head = "| step | s | CPU-s | peak GB |\n|---|---|---|---|"
    publish("\n".join([head, *rows, "", about]), flags.table)


if __name__ == "__main__":
    main()
