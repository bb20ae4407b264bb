"""Builds a corpus: `python -m pipelines.build_corpus --input 'pdfs/**/*.pdf' --output OUT`.

The stages are discover -> inspect -> plan -> build -> finish. Each stage stores its result under OUT, so the same
command continues where an earlier run stopped.
"""

from __future__ import annotations

import logging
import sys
from collections import Counter
from typing import Any

import numpy as np
import pyarrow as pa

from pipelines.build.estimate import log_estimate
from pipelines.build.failure_limit import check_failed_share
from pipelines.build.flags import parse_flags
from pipelines.build.jobs import BuildShards
from pipelines.build.plan import make_plan
from pipelines.build.work_units import WorkUnits, work_units
from pipelines.config import BuildConfig, DryRun
from pipelines.corpus.claim import claim_output, read_index, sole_command
from pipelines.corpus.finish import finish, is_finished, summarize
from pipelines.corpus.store import CorpusStore
from pipelines.report.counting import count_column
from pipelines.runtime.beam.job import run_chain
from pipelines.runtime.beam.runners import check_runner, does_not_wait
from pipelines.runtime.command import leave, run_command
from pipelines.runtime.files import open_file_systems
from pipelines.runtime.progress import Progress
from pipelines.runtime.wording import counted, format_statuses
from schemas import CorpusIndex, FolioError, PageStatus, load_tokenizer

logger = logging.getLogger("pipelines")


def build_corpus(
    config: BuildConfig, beam_args: list[str], dry_run: DryRun | None = None, finish_only: bool = False
) -> CorpusIndex | None:
    """Builds the missing parts of a corpus.

    Args:
        config: settings of the build.
        beam_args: flags for Beam.
        dry_run: only estimate the cost of the build.
        finish_only: start no job; all shards must exist.

    Returns:
        The index of the corpus. `None` after a dry run, and if the flags of Beam say not to wait for the job.

    Raises:
        UsageError: a setting, an input or the output cannot be used.
        FolioError: the run failed, too many documents or pages failed, or no page could be used.
    """
    check_runner(beam_args, config.inputs, config.output, config.page.text_source)
    open_file_systems([place for place in (*config.inputs, config.output, config.exclude) if place], beam_args)
    store = CorpusStore(config.output)
    if finish_only and not store.exists("plan.parquet"):
        raise FolioError(f"--finish_only: there is no plan in {config.output} yet; run the command without this flag.")
    settings = config.corpus_settings()
    with sole_command(config.output):
        claim_output(settings, store)
        return _build(config, settings, store, beam_args, dry_run, finish_only)


def _build(
    config: BuildConfig,
    settings: dict[str, Any],
    store: CorpusStore,
    beam_args: list[str],
    dry_run: DryRun | None,
    finish_only: bool,
) -> CorpusIndex | None:
    plan = make_plan(config, store, beam_args)
    units = work_units(plan, config.pages_per_shard)
    describe(plan, units)
    refuse_many_failed_documents(plan, config, store)
    if dry_run:
        log_estimate(plan, config, dry_run)
        return None
    missing = missing_units(units, store)
    if missing and finish_only:
        raise FolioError(
            f"--finish_only: {len(missing)} of {counted(len(units), 'shard')} do not exist yet, for example "
            f"{missing[0]}. Wait for the job, or run the command without this flag to build them."
        )
    if missing:
        build_shards(config, store, units, missing, beam_args)
        if does_not_wait(beam_args) and missing_units(units, store):
            logger.info("submitted. When the job is done, the same command with --finish_only completes the corpus")
            return None
    if missing or not is_finished(store):
        tokenizer = load_tokenizer(config.page.tokenizer)
        index = finish(settings, tokenizer, store, plan, units.names)
    else:
        logger.info("%s is complete already: nothing to do", config.output)
        index = read_index(store)
        store.clear_work()
    refuse_unusable(index, plan, config, store)
    summarize(index, store)
    return index


def describe(plan: pa.Table, units: WorkUnits) -> None:
    """Logs a summary of the plan."""
    documents, statuses = counted(len(plan), "document"), format_statuses(count_column(plan["status"]))
    pages, shards = counted(int(units.pages.sum()), "page"), counted(len(units), "shard")
    logger.info("plan: %s (%s), %s, %s", documents, statuses, pages, shards)


def missing_units(units: WorkUnits, store: CorpusStore) -> list[str]:
    """Returns the names of the units whose shards do not exist."""
    finished = store.finished_shards()
    return [name for name in units.names if name not in finished]


def build_shards(
    config: BuildConfig, store: CorpusStore, units: WorkUnits, missing: list[str], beam_args: list[str]
) -> None:
    """Builds the missing shards."""
    with store.create("work", "units.arrow") as stream:
        units.write(stream)
    total, wanted = int(units.pages.sum()), int(units.pages[np.isin(units.names, missing)].sum())
    progress = Progress("built", "pages", total, total - wanted)
    run_chain("build", missing, BuildShards(config, beam_args), beam_args, progress)


def refuse_many_failed_documents(plan: pa.Table, config: BuildConfig, store: CorpusStore) -> None:
    """Raises an error before the build if too many documents failed the inspection."""
    advice = f"Fix or narrow --input, delete {store.uri('plan.parquet')} and run the same command again."
    check_failed_share(count_column(plan["status"]), config.run.max_failed_share, "documents", advice)


def refuse_unusable(index: CorpusIndex, plan: pa.Table, config: BuildConfig, store: CorpusStore) -> None:
    """Raises an error if no page could be used or too many pages failed. The corpus is kept for inspection."""
    if not index.totals["samples"]:
        reasons = format_statuses(index.totals["status"])
        raise FolioError(
            f"no page could be used ({reasons}): see {store.uri('report.html')}, delete {config.output} and try again"
        )
    documents = Counter(count_column(plan["status"]))
    del documents[PageStatus.OK.value]
    pages = Counter(index.totals["status"]) - documents
    advice = f"See {store.uri('report.html')}, fix the cause and build into another --output."
    check_failed_share(pages, config.run.max_failed_share, "pages", advice)


def main(argv: list[str] | None = None) -> int:
    """Runs the command line; returns the exit code."""
    return run_command(lambda: build_corpus(*parse_flags(sys.argv[1:] if argv is None else argv)))


if __name__ == "__main__":
    leave(main())
