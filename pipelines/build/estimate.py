"""Estimates the cost of a build (`--dry_run`): builds a sample of the planned pages and scales the measured cost up.

The cost of a page is the CPU time that the page processes and the launcher spend on it. Time spent waiting is not
included. A page process needs long to start (imports, the OCR engine). It is also slow at its first pages, for which
the engine is compiled. A build pays this cost once per some thousand pages, but a sample would pay it once per few
pages. So each process first builds some other pages, the warm-up pages. The cost of a start is what the warm-up pages
cost more than the same number of measured pages. It is reported separately.
"""

from __future__ import annotations

import logging
import os
import tarfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import psutil
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.build.pages import PageBuilderFactory, PageTask
from pipelines.build.shard import build_shard
from pipelines.build.work_units import PageRange, WorkUnit
from pipelines.config import BuildConfig, DryRun
from pipelines.corpus.shards import read_sidecar
from pipelines.corpus.store import CorpusStore
from pipelines.page.assemble import PageResult
from pipelines.runtime.progress import Progress
from pipelines.runtime.sandbox import TASKS_PER_CHILD, Sandbox
from pipelines.runtime.scratch import scratch_directory
from pipelines.runtime.wording import counted
from schemas import PageStatus
from schemas.support.duration import duration

logger = logging.getLogger("pipelines")

PAGES_PER_PROCESS = 20  # minimum number of sample pages per page process
WARM_UP_PAGES = 10  # per page process, built before the measurement
Z_80 = 1.2816  # 80 % of a normal distribution lie within this many standard deviations of the mean
TAR_BLOCK_BYTES = 512


@dataclass(frozen=True)
class Sampled:
    """The measured cost of a sample of pages.

    Attributes:
        pages: number of pages in the sample.
        cpu_s: CPU-seconds per page, mean.
        cpu_error: standard error of `cpu_s`, as a share of the mean.
        bytes: bytes per page in its tar, mean; a page that has no sample in the corpus counts as 0.
        bytes_error: standard error of `bytes`, as a share of the mean.
        start_cpu_s: CPU-seconds to start a page process, including the extra time of its first pages.
    """

    pages: int
    cpu_s: float
    cpu_error: float
    bytes: float
    bytes_error: float
    start_cpu_s: float


def log_estimate(plan: pa.Table, config: BuildConfig, dry_run: DryRun) -> None:
    """Builds a sample of the planned pages outside of OUT and logs the estimated cost of all of them.

    Args:
        plan: rows of `PLAN_SCHEMA`.
        config: settings of the build.
        dry_run: size of the sample, and the price of a core-hour.
    """
    total = pc.sum(plan.filter(pc.equal(plan["status"], PageStatus.OK.value))["pages"]).as_py() or 0
    if not total:
        return
    pages = sample_pages(plan, dry_run.sample, seed=0)
    processes = max(1, min(config.run.workers_here, len(pages) // PAGES_PER_PROCESS))
    first_pages = sample_pages(plan, processes * WARM_UP_PAGES, seed=1)
    sampled = measure(first_pages, pages, total, config, processes)
    for line in describe(sampled, total, config, dry_run):
        logger.info(line)


def sample_pages(plan: pa.Table, count: int, seed: int) -> list[PageRange]:
    """Returns pages drawn at random from the plan; the same seed gives the same pages.

    The number of bytes per page separates scans from text. So all pages are sorted by the bytes per page of their
    document, the sequence is cut into `count` equal parts, and one page is drawn from each part.
    """
    wanted = plan.select(["uri", "sha256", "pages", "bytes"])
    documents = wanted.filter(pc.equal(plan["status"], PageStatus.OK.value))
    pages, size = documents["pages"].to_numpy(), documents["bytes"].to_numpy()
    order = np.argsort(size / pages, kind="stable")
    ends = np.cumsum(pages[order], dtype=np.int64)
    count = min(count, int(ends[-1]))
    edges = np.arange(count + 1) * ends[-1] // count
    places = np.random.Generator(np.random.PCG64(seed)).integers(edges[:-1], edges[1:])
    chosen = np.searchsorted(ends, places, "right")
    numbers = places - (ends - pages[order])[chosen] + 1
    rows = documents.take(order[chosen]).to_pylist()
    return [
        PageRange(row["uri"], row["sha256"], row["pages"], number, number)
        for row, number in zip(rows, numbers.tolist(), strict=True)
    ]


def measure(
    first_pages: list[PageRange], pages: list[PageRange], total: int, config: BuildConfig, processes: int
) -> Sampled:
    """Builds pages with the page processes and settings of the run, measures the cost, and discards the results.

    Args:
        first_pages: the warm-up pages, built before the measurement.
        pages: the pages to measure, as ranges of one page each.
        total: number of planned pages from which `pages` were drawn.
        config: settings of the build.
        processes: number of page processes.
    """
    sandbox: Sandbox[PageTask, PageResult] = Sandbox(
        PageBuilderFactory(config.page), processes, config.run.page_timeout_s, config.run.page_memory_mb
    )
    progress = Progress("sampled", "pages", len(first_pages) + len(pages))
    with scratch_directory() as scratch, sandbox:
        store, marks = CorpusStore(str(scratch)), [_tree_cpu_s()]
        build_shard(WorkUnit("start", tuple(first_pages)), store, sandbox, progress.update)
        marks.append(_tree_cpu_s())
        build_shard(WorkUnit("sample", tuple(pages)), store, sandbox, progress.update)
        marks.append(_tree_cpu_s())
        progress.close()
        _, rows = read_sidecar("sample", store)
        sizes = _tar_bytes(Path(store.uri("shards", "sample.tar")), rows["key"].to_pylist())
    start_s, sample_s = np.diff(marks)
    page_s = sample_s / len(pages)
    # The mean comes from the CPU time of the processes, the spread from the wall-clock time of each page.
    cpu_error = _relative_error(rows["seconds"].to_numpy(), total)
    return Sampled(
        pages=len(pages),
        cpu_s=page_s,
        cpu_error=cpu_error,
        bytes=sizes.mean(),
        bytes_error=_relative_error(sizes, total),
        start_cpu_s=max(0.0, start_s - page_s * len(first_pages)) / processes,
    )


def _tree_cpu_s() -> float:
    """Returns the CPU-seconds of this process and of all processes that it started, including those that ended."""
    this = psutil.Process()
    return sum(sum(process.cpu_times()[:4]) for process in [this, *this.children(recursive=True)])


def _tar_bytes(path: Path, keys: list[str]) -> np.ndarray:
    """Returns the bytes that each page takes in a tar, including headers and padding, `(keys,)`."""
    sizes: Counter[str] = Counter()
    with tarfile.open(path, "r:") as tar:
        for member in tar:
            blocks = 1 + -(-member.size // TAR_BLOCK_BYTES)
            sizes[member.name.partition(".")[0]] += blocks * TAR_BLOCK_BYTES
    return np.array([sizes[key] for key in keys], np.float64)


def _relative_error(values: np.ndarray, total: int) -> float:
    """Returns the standard error of the mean of values drawn from `total`, as a share of the mean."""
    if len(values) < 2 or not values.any():
        return 0.0
    return float(values.std(ddof=1) / values.mean() * np.sqrt((1 - len(values) / total) / len(values)))


def describe(sampled: Sampled, total: int, config: BuildConfig, dry_run: DryRun) -> list[str]:
    """Returns the lines of the log that state the estimated cost of a build of `total` pages."""
    workers = config.run.workers_here
    starts = workers + total // TASKS_PER_CHILD
    core_s = total * sampled.cpu_s + starts * sampled.start_cpu_s
    core_hours, size_gb = core_s / 3600, total * sampled.bytes / 1e9
    price = dry_run.price_per_core_hour
    headline = f"estimate from {sampled.pages} of {counted(total, 'page')}, 80 % interval in brackets:"
    return [
        headline if sampled.pages < total else f"measured on all pages ({total:,}):",
        f"  {_spread(sampled.cpu_s, sampled.cpu_error)} CPU-seconds per page, "
        f"{sampled.start_cpu_s:.1f} per start of a page process",
        f"  {_spread(core_hours, sampled.cpu_error)} core-hours",
        f"  ${_spread(core_hours * price, sampled.cpu_error)} at ${price:g} per core-hour (--price_per_core_hour)",
        f"  {_spread(size_gb, sampled.bytes_error)} GB",
        f"  {duration(core_s / min(workers, os.cpu_count() or 1))} on this machine with --workers {workers}",
    ]


def _spread(value: float, relative_error: float) -> str:
    """Returns `1.37 (1.2 to 1.54)`, or `1.37` if the error is 0 because all pages were measured."""
    if not relative_error:
        return _rounded(value)
    margin = Z_80 * relative_error
    low, high = max(0.0, value * (1 - margin)), value * (1 + margin)
    return f"{_rounded(value)} ({_rounded(low)} to {_rounded(high)})"


def _rounded(value: float) -> str:
    """Returns a number with three significant digits, or rounded to a whole number from 100 on."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
