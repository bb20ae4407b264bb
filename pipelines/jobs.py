"""The Beam jobs: `names -> Reshuffle -> one output file each`, a single linear chain.

Only names cross the shuffle; each worker reads its own work list and writes its own file, so that memory is flat, the
output does not depend on the runner, and what is done is never done again. One chain without side outputs is also the
shape that every runner gets right, Dask's included.
"""

from __future__ import annotations

import json
import logging
import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import apache_beam as beam
import pyarrow as pa
import pyarrow.parquet as pq
from apache_beam.io.filesystems import FileSystems
from apache_beam.metrics import Metrics
from apache_beam.options.pipeline_options import PipelineOptions

from pipelines.assemble import PageId
from pipelines.config import BuildConfig, RunConfig
from pipelines.failure_limit import FailureStreak
from pipelines.inspection import DocumentFacts, DocumentTask, inspector
from pipelines.localize import UnreadableError, localize
from pipelines.page_builder import PageBuilderFactory, PageTask
from pipelines.plan import document_row, read_unit
from pipelines.progress import OutputWatch, Progress
from pipelines.runners import job_options, make_pipeline, run_pipeline, runs_here
from pipelines.sandbox import Failure, Handler, Sandbox
from pipelines.scratch import scratch_directory
from pipelines.shard import DETAIL_CHARS, build_shard
from pipelines.storage import CorpusStore
from pipelines.worker_watch import stopped_by_dead_workers
from schemas import PLAN_SCHEMA, FolioError, PageStatus, SchemaError, UsageError

logger = logging.getLogger(__name__)

# Set for the length of a run by the launcher; stays None in the workers of a cluster, which count by Beam's metrics.
_progress: Progress | OutputWatch | None = None

# A line of an error's text that begins with one of our types, or has it behind what the runner put before it.
REASON = re.compile(
    r"^\s*(?:.*?: )??(?:\w+\.)*(UsageError|SchemaError|FolioError|KeyboardInterrupt)"
    r"(?:: *(.*?))?(?: *\[while running.*)?$",
    re.M,
)
USUAL_PROCESS_MB = 2560  # of memory for a page process with the default OCR engine; 2.2 GB were measured


def run_chain(
    label: str, names: list[str], do_fn: _SandboxDoFn, beam_args: list[str], progress: Progress | OutputWatch
) -> None:
    """Runs `do_fn` on every name, on the runner that `beam_args` choose; in this process by default.

    Args:
        progress: counts documents or pages; on other runners the output files are counted in its place.

    Raises:
        FolioError: the job failed.
    """
    global _progress
    options = job_options(label, names, do_fn.output, beam_args)
    pipeline = make_pipeline(options)
    work = beam.ParDo(do_fn).with_resource_hints(min_ram=f"{do_fn.min_ram_mb}MiB")
    _ = pipeline | beam.Create(names) | beam.Reshuffle() | label >> work
    if not runs_here(beam_args):
        progress = OutputWatch(progress.verb, do_fn.outputs, len(names), do_fn.count_outputs)
    _progress = progress
    try:
        with stopped_by_dead_workers(), progress:
            run_pipeline(label, pipeline, options, do_fn.may_be_left)
    except OSError:  # the disk is full, or a cluster cannot be reached
        raise
    except Exception as error:  # each runner has its own
        raise _reason(label, f"{type(error).__name__}: {error}") from error
    finally:
        _progress = None


def _reason(label: str, text: str) -> BaseException:
    """Finds what a DoFn raised in the text of the error that a runner made of it."""
    found = REASON.findall(text)
    if any(name == KeyboardInterrupt.__name__ for name, _ in found):
        return KeyboardInterrupt()
    if re.search("already (an )?active job", text):  # Dataflow's words, where our name for the job is taken
        return FolioError(f"the {label} job of this corpus is running already. Wait for its end, then run this again.")
    if found:
        name, message = found[-1]
        return {kind.__name__: kind for kind in (UsageError, SchemaError, FolioError)}[name](message)
    return FolioError(f"the {label} job failed: {text}. What is finished is kept; run the same command again to go on.")


def _count(kind: str, status: PageStatus) -> None:
    Metrics.counter(kind, status.value).inc()
    if _progress:
        _progress.update(status)


class _SandboxDoFn(beam.DoFn):
    """Keeps one sandbox for all elements that a worker gets, and writes a file for each.

    Attributes:
        outputs: what its files are called in the log.
        pattern: their place under OUT.
        may_be_left: nothing waits for them, so that `--no_wait_until_finish` may leave the job alone.
    """

    outputs: str
    pattern: tuple[str, ...]
    may_be_left = False

    def __init__(self, output: str, factory: Callable[[], Handler], run: RunConfig, beam_args: list[str]) -> None:
        self.output = output
        self.factory = factory
        self.run = run
        self.beam_args = beam_args

    def count_outputs(self) -> int:
        """Counts the files that are there."""
        return len(CorpusStore(self.output).match(*self.pattern))

    @property
    def min_ram_mb(self) -> int:
        """What a machine needs: room for the largest page that is allowed, and for usual ones beside it."""
        return self.run.page_memory_mb + ((self.run.workers or 1) - 1) * USUAL_PROCESS_MB

    def setup(self) -> None:
        FileSystems.set_options(PipelineOptions(self.beam_args))  # Dask's workers do not know them
        self.store = CorpusStore(self.output)
        self.sandbox: Sandbox = Sandbox(
            self.factory, self.run.workers_here, self.run.page_timeout_s, self.run.page_memory_mb
        )

    def teardown(self) -> None:
        self.sandbox.close()
        logger.info("page processes: peak resident memory %.0f MB", self.sandbox.peak_mb)


class BuildShards(_SandboxDoFn):
    """Unit name -> `shards/NAME.tar` and `.parquet`."""

    outputs = "shards"
    pattern = ("shards", "*.parquet")
    may_be_left = True

    def __init__(self, config: BuildConfig, beam_args: list[str]) -> None:
        super().__init__(config.output, PageBuilderFactory(config.page), config.run, beam_args)

    def setup(self) -> None:
        super().setup()
        self.streak = FailureStreak(self.run.max_failed_share)

    def process(self, name: str) -> Iterator[str]:
        """Builds one shard, unless a runner gives the same unit twice."""
        if not self.store.has_shard(name):
            with self.store.open("work", "units.arrow") as stream:
                unit = read_unit(stream, name)
            build_shard(unit, self.store, self.sandbox, self._on_page)
        yield name

    def _on_page(self, status: PageStatus) -> None:
        _count("pages", status)
        self.streak.add(status)


def try_page_process(config: BuildConfig) -> None:
    """Has a page process load its engine and weights, before hours go into inspection.

    Raises:
        UsageError: they cannot be had.
    """
    nothing = PageTask(PageId(os.devnull, "", page=1, pages=1), Path(os.devnull))
    run = config.run
    sandbox: Sandbox = Sandbox(PageBuilderFactory(config.page), 1, run.page_timeout_s, run.page_memory_mb)
    with sandbox:
        list(sandbox.map([nothing]))


class InspectDocuments(_SandboxDoFn):
    """Batch name -> `work/inspect/NAME.parquet` with a row of the plan for each document."""

    outputs = "batches of documents"
    pattern = ("work", "inspect", "*.parquet")

    def __init__(self, config: BuildConfig, beam_args: list[str]) -> None:
        super().__init__(config.output, inspector, config.run, beam_args)

    def process(self, name: str) -> Iterator[str]:
        """Inspects one batch of documents."""
        if not self.store.exists("work", "inspect", f"{name}.parquet"):
            uris = json.loads(self.store.read("work", "inspect", f"{name}.json"))
            rows = []
            for facts in self._inspect(uris):
                rows.append(document_row(facts))
                _count("documents", facts.status)
            with self.store.create("work", "inspect", f"{name}.parquet") as stream:
                pq.write_table(pa.Table.from_pylist(rows, PLAN_SCHEMA), stream)
        yield name

    def _inspect(self, uris: list[str]) -> Iterator[DocumentFacts]:
        unreadable: list[DocumentFacts] = []

        def tasks(scratch: Path) -> Iterator[DocumentTask]:
            for uri in uris:
                try:
                    yield DocumentTask(localize(uri, scratch), uri)
                except UnreadableError as error:
                    unreadable.append(_failed(uri, PageStatus.UNREADABLE, f"cannot be read: {error}"))

        with scratch_directory() as scratch:
            for task, outcome in self.sandbox.map(tasks(scratch)):
                if isinstance(outcome, Failure):
                    yield _failed(task.uri, outcome.status, outcome.detail)
                else:
                    yield outcome
        yield from unreadable


def _failed(uri: str, status: PageStatus, detail: str) -> DocumentFacts:
    return DocumentFacts(uri, "", 0, 0, status, detail[:DETAIL_CHARS])
