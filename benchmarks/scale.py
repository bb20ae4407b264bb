"""Planning and finishing a corpus of many documents, without the pages: seconds and memory of each step.

python -m benchmarks.scale --work DIR --documents 10000000 --table benchmarks/results/scale.md

What inspection finds out about the documents and what the page processes write beside each tar is made up; tars are
empty. The rest is the product: the list of documents, the batches to inspect, the plan, the units, Beam's runner with
a name for every shard, and the same command as ever to finish a corpus whose last shard is there.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import apache_beam as beam
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.machine import machine
from pipelines.config import BuildConfig, PageConfig
from pipelines.jobs import run_chain
from pipelines.output import claim_output, read_plan
from pipelines.plan import WorkUnit, work_units
from pipelines.planning import inspect_batches, make_plan
from pipelines.progress import Progress
from pipelines.storage import CorpusStore
from schemas import MANIFEST_SCHEMA, PLAN_SCHEMA, PageStatus

PAGES_A_DOCUMENT = 6.4
NOT_PDF, AGAIN = 0.02, 0.03  # shares of the documents
Steps = dict[str, float]


@dataclass(frozen=True)
class Build:
    """Where the build is, and its settings."""

    work: Path

    @property
    def config(self) -> BuildConfig:
        return BuildConfig((str(self.work / "documents.txt"),), str(self.work / "corpus"), page=PageConfig("pdf"))

    @property
    def store(self) -> CorpusStore:
        return CorpusStore(self.config.output)


def make_up_documents(build: Build, documents: int) -> None:
    """Writes the list of documents, and for each batch of it what an inspection would have."""
    folder = build.work / "corpus" / "work" / "inspect"
    folder.mkdir(parents=True)
    uris = [f"gs://crawl-of-the-year-2026/documents/{i % 997:04d}/{i:010d}.pdf" for i in range(documents)]
    Path(build.config.inputs[0]).write_text("\n".join(uris))
    random = np.random.default_rng(0)
    for name, batch in inspect_batches(sorted(uris)):
        mine = json.loads(batch)
        pages = 1 + random.geometric(1 / (PAGES_A_DOCUMENT - 1), len(mine))
        bad, again = random.random((2, len(mine))) < [[NOT_PDF], [AGAIN]]
        digest = [random.bytes(32).hex() for _ in mine]
        columns = {
            "uri": mine,
            "sha256": [digest[i // 2 if again[i] else i] for i in range(len(mine))],
            "pages": np.where(bad, 0, pages),
            "bytes": pages * 50_000,
            "status": np.where(bad, PageStatus.NOT_PDF.value, PageStatus.OK.value),
            "detail": np.where(bad, "starts with b'<html>', not with %PDF", ""),
        }
        pq.write_table(pa.table(columns, PLAN_SCHEMA), folder / f"{name}.parquet")


def make_up_shards(build: Build) -> None:
    """Writes an empty tar and the page rows of each shard."""
    units = work_units(read_plan(build.store), build.config.pages_per_shard)
    folder = build.work / "corpus" / "shards"
    folder.mkdir()
    random = np.random.default_rng(0)
    for unit in units:
        facts = {"shard_samples": "0", "shard_bytes": "132000000", "shard_sha256": random.bytes(32).hex()}
        rows = _page_rows(unit, random)
        pq.write_table(rows.replace_schema_metadata(facts), folder / f"{unit.name}.parquet")
        (folder / f"{unit.name}.tar").touch()


def _page_rows(unit: WorkUnit, random: np.random.Generator) -> pa.Table:
    pages = [(piece, page) for piece in unit.ranges for page in range(piece.first, piece.last + 1)]
    ok = random.random(len(pages)) < 0.97
    known = {
        "key": [f"{piece.doc_sha256[:16]}-{page:05d}" for piece, page in pages],
        "uri": [piece.uri for piece, _ in pages],
        "doc_sha256": [piece.doc_sha256 for piece, _ in pages],
        "page": [page for _, page in pages],
        "pages": [piece.pages for piece, _ in pages],
        "status": np.where(ok, PageStatus.OK.value, PageStatus.TOO_FEW_WORDS.value),
        "detail": np.where(ok, "", "0 words, --min_words is 1"),
        "shard": [unit.name] * len(pages),
        "text_source": ["ocr"] * len(pages),
        "image_width": random.choice([724, 791, 1024], len(pages)),
        "image_height": random.choice([724, 791, 1024], len(pages)),
        "language": random.choice(["en", "de", "fr", "es"], len(pages)),
    }
    columns = [known.get(field.name, random.integers(1, 2000, len(pages))) for field in MANIFEST_SCHEMA]
    return pa.Table.from_arrays(
        [pa.array(column).cast(field.type) for column, field in zip(columns, MANIFEST_SCHEMA, strict=True)],
        schema=MANIFEST_SCHEMA,
    )


class _Name(beam.DoFn):
    def process(self, name: str) -> list[str]:
        return [name]


def plan(build: Build) -> Steps:
    """Plans as the command does, up to the moment in which the first page would be built."""
    clock = _Clock()
    claim_output(build.config.content(), build.store)
    table = make_plan(build.config, build.store, [])
    clock.lap("list the documents, batches through Beam, merge, find duplicates, write the plan")
    units = work_units(table, build.config.pages_per_shard)
    clock.lap("work units")
    with build.store.create("work", "units.arrow") as stream:
        units.write(stream)
    clock.lap("write the units")
    run_chain("names", units.names, _Name(), [], Progress("passed", "pages", len(units)))
    clock.lap("every shard's name through Beam")
    return clock.steps


def finish(build: Build) -> Steps:
    """Runs the command on a corpus of which every shard is there."""
    clock, config = _Clock(), build.config
    command = [sys.executable, "-m", "pipelines.build_corpus", "--input", *config.inputs, "--output", config.output]
    done = subprocess.run([*command, "--text_source", "pdf", "--max_failed_share", "1"], check=False)
    if done.returncode not in (0, 1):  # 1: there is no sample in the empty tars
        raise subprocess.CalledProcessError(done.returncode, command)
    clock.lap("the whole command: read the plan, units, list the shards, manifest, report, index")
    return clock.steps


class _Clock:
    def __init__(self) -> None:
        self.steps: Steps = {}
        self._last_s = time.monotonic()

    def lap(self, name: str) -> None:
        now_s = time.monotonic()
        self.steps[name] = now_s - self._last_s
        self._last_s = now_s


def in_a_process(task: Callable[[Build], Steps], build: Build) -> tuple[Steps, float]:
    """Runs a task in a process of its own; returns its steps in seconds and the peak GB of it and its children."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(_with_peak, (task, build))


def _with_peak(task: Callable[[Build], Steps], build: Build) -> tuple[Steps, float]:
    steps = task(build)
    peaks = [resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return steps, max(peaks) * 1024 / 1e9


def main() -> None:
    """Makes up the input, measures, and writes the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, required=True, help="a new directory")
    parser.add_argument("--documents", type=int, default=10_000_000)
    parser.add_argument("--table", type=Path, required=True)
    flags = parser.parse_args()
    build = Build(flags.work)
    make_up_documents(build, flags.documents)
    rows = []
    for task, before in ((plan, None), (finish, make_up_shards)):
        if before:
            before(build)
        steps, peak_gb = in_a_process(task, build)
        rows += [f"| {name} | {seconds:.1f} | |" for name, seconds in steps.items()]
        rows.append(f"| **{task.__name__}** | **{sum(steps.values()):.0f}** | **{peak_gb:.1f}** |")
    totals = json.loads((flags.work / "corpus" / "index.json").read_text())["totals"]
    about = f"{totals['documents']:,} documents, {totals['pages']:,} pages. {machine()}"
    flags.table.write_text("| step | s | peak GB |\n|---|---|---|\n" + "\n".join(rows) + f"\n\n{about}\n")
    print(flags.table.read_text())


if __name__ == "__main__":
    main()
