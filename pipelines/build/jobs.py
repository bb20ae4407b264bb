"""The two Beam jobs of a build as DoFns: inspect documents, build shards. Both do their work in a sandbox."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from apache_beam.io.filesystems import FileSystems
from apache_beam.metrics import Metrics
from apache_beam.options.pipeline_options import PipelineOptions

from pipelines.build.failure_limit import FailureStreak
from pipelines.build.inspection import DocumentFacts, DocumentTask, inspector
from pipelines.build.pages import PageBuilderFactory
from pipelines.build.shard import build_shard
from pipelines.build.work_units import document_row, read_unit
from pipelines.config import BuildConfig, RunConfig
from pipelines.corpus.shards import DETAIL_CHARS
from pipelines.corpus.store import CorpusStore
from pipelines.runtime.beam.job import FileDoFn
from pipelines.runtime.local_copy import UnreadableError, local_copy
from pipelines.runtime.sandbox import Handler, Sandbox, TaskFailure
from pipelines.runtime.scratch import scratch_directory
from schemas import PLAN_SCHEMA, PageStatus

logger = logging.getLogger("pipelines")

USUAL_PROCESS_MB = 2560  # memory of a page process with the default OCR engine; measured: 2.2 GB


class SandboxDoFn(FileDoFn):
    """Keeps one sandbox for all elements that a worker processes.

    Attributes:
        counted: Beam's namespace for the metrics that count by status.
    """

    counted: str

    def __init__(self, output: str, factory: Callable[[], Handler], run: RunConfig, beam_args: list[str]) -> None:
        self.output = output
        self.factory = factory
        self.run = run
        self.beam_args = beam_args

    @property
    def min_ram_mb(self) -> int:  # type: ignore[override]
        """Memory that a machine needs: one page process at its limit, the others at their usual size."""
        return self.run.page_memory_mb + ((self.run.workers or 1) - 1) * USUAL_PROCESS_MB

    def setup(self) -> None:
        """Prepares a worker. Beam calls this in each worker."""
        FileSystems.set_options(PipelineOptions(self.beam_args))  # Dask's workers do not get the options from Beam
        self.store = CorpusStore(self.output)
        self.sandbox: Sandbox = Sandbox(
            self.factory, self.run.workers_here, self.run.page_timeout_s, self.run.page_memory_mb
        )

    def teardown(self) -> None:
        """Stops the page processes. Beam calls this at the end of each worker."""
        self.sandbox.close()
        logger.debug("page processes: peak resident memory %.0f MB", self.sandbox.peak_mb)

    def count(self, status: PageStatus) -> None:
        """Counts a page or a document in Beam's metrics and in the progress that the launcher shows."""
        Metrics.counter(self.counted, status.value).inc()
        if self.progress:
            self.progress.update(status)


class InspectDocuments(SandboxDoFn):
    """Turns the name of a batch into `work/inspect/NAME.parquet`, with one row of the plan per document."""

    outputs = "batches of documents"
    counted = "documents"
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
                self.count(facts.status)
            with self.store.create("work", "inspect", f"{name}.parquet") as stream:
                pq.write_table(pa.Table.from_pylist(rows, PLAN_SCHEMA), stream)
        yield name

    def _inspect(self, uris: list[str]) -> Iterator[DocumentFacts]:
        unreadable: list[DocumentFacts] = []

        def tasks(scratch: Path) -> Iterator[DocumentTask]:
            for uri in uris:
                try:
                    yield DocumentTask(local_copy(uri, scratch), uri)
                except UnreadableError as error:
                    unreadable.append(_failed(uri, PageStatus.UNREADABLE, f"cannot be read: {error}"))

        with scratch_directory() as scratch:
            for task, outcome in self.sandbox.map(tasks(scratch)):
                if isinstance(outcome, TaskFailure):
                    yield _failed(task.uri, outcome.status, outcome.detail)
                else:
                    yield outcome
        yield from unreadable


def _failed(uri: str, status: PageStatus, detail: str) -> DocumentFacts:
    return DocumentFacts(uri, "", 0, 0, status, detail[:DETAIL_CHARS])


class BuildShards(SandboxDoFn):
    """Turns the name of a unit into `shards/NAME.tar` and `shards/NAME.parquet`."""

    outputs = "shards"
    counted = "pages"
    pattern = ("shards", "*.parquet")
    may_be_left = True

    def __init__(self, config: BuildConfig, beam_args: list[str]) -> None:
        super().__init__(config.output, PageBuilderFactory(config.page), config.run, beam_args)

    def setup(self) -> None:
        """Prepares a worker. Beam calls this in each worker."""
        super().setup()
        self.streak = FailureStreak(self.run.max_failed_share)

    def process(self, name: str) -> Iterator[str]:
        """Builds one shard, unless it exists already: a runner may process a unit twice."""
        if not self.store.has_shard(name):
            with self.store.open("work", "units.arrow") as stream:
                unit = read_unit(stream, name)
            build_shard(unit, self.store, self.sandbox, self._on_page)
        yield name

    def _on_page(self, status: PageStatus) -> None:
        self.count(status)
        self.streak.add(status)
