"""Builds a corpus: `python -m pipelines.build_corpus --input 'pdfs/**/*.pdf' --output OUT`.

discover -> inspect -> plan -> build -> finish. Each stage leaves its result under OUT, so that the same command goes on
where an earlier run stopped.
"""

from __future__ import annotations

import io
import json
import logging
import sys
from collections import Counter
from hashlib import sha256

import pyarrow as pa
import pyarrow.parquet as pq

from pipelines.command import leave, run_command
from pipelines.config import BuildConfig, DryRun
from pipelines.discover import discover
from pipelines.estimate import log_estimate
from pipelines.failure_limit import check_failed_share
from pipelines.finish import finish, summarize
from pipelines.flags import parse_flags
from pipelines.jobs import BuildShards, InspectDocuments, run_chain
from pipelines.output import claim_output, read_index, read_plan
from pipelines.plan import WorkUnit, plan_table, work_units
from pipelines.progress import Progress
from pipelines.rendering import counted, format_statuses
from pipelines.storage import CorpusStore, open_file_systems
from schemas import CorpusIndex, FolioError, PageStatus, load_tokenizer

logger = logging.getLogger("folio")

INSPECT_BATCH = 256


def build_corpus(config: BuildConfig, beam_args: list[str], dry_run: DryRun | None = None) -> CorpusIndex | None:
    """Builds what is missing of a corpus and returns its index; with `dry_run` estimates what it takes, returns `None`.

    Raises:
        UsageError: an input or the output cannot be what they are said to be.
        FolioError: the run failed, or not a single page could be used.
    """
    open_file_systems((*config.inputs, config.output), beam_args)
    store = CorpusStore(config.output)
    content = config.content()
    claim_output(content, store)
    plan = make_plan(config, store, beam_args)
    units = work_units(plan, config.pages_per_shard)
    describe(plan, units)
    refuse_many_failed_documents(plan, config, store)
    if dry_run:
        log_estimate(plan, config, dry_run)
        return None
    missing = [unit for unit in units if not store.has_shard(unit.name)]
    if missing or not store.exists("index.json"):
        build_shards(config, store, units, missing, beam_args)
        tokenizer = load_tokenizer(config.page.tokenizer)
        index = finish(content, tokenizer, store, plan, [unit.name for unit in units])
    else:
        logger.info("%s is complete already: nothing to do", config.output)
        index = read_index(store)
        store.clear_work()
    if not index.totals["samples"]:
        reasons = format_statuses(index.totals["status"])
        raise FolioError(
            f"not one page could be used ({reasons}): see {store.uri('report.html')}, and delete OUT to try again"
        )
    refuse_many_failed_pages(index, plan, config, store)
    summarize(index, store)
    return index


def refuse_many_failed_documents(plan: pa.Table, config: BuildConfig, store: CorpusStore) -> None:
    """Stops before a build of what most of the input is not."""
    cure = f"Mend or narrow --input, delete {store.uri('plan.parquet')} and run the same command again."
    check_failed_share(Counter(plan["status"].to_pylist()), config.run.max_failed_share, "documents", cure)


def refuse_many_failed_pages(index: CorpusIndex, plan: pa.Table, config: BuildConfig, store: CorpusStore) -> None:
    """Ends a build of few good pages as failed, though it is there to be looked at."""
    documents = Counter(status for status in plan["status"].to_pylist() if status != PageStatus.OK.value)
    pages = Counter(index.totals["status"]) - documents
    cure = f"See {store.uri('report.html')}, mend the cause and build into another --output."
    check_failed_share(pages, config.run.max_failed_share, "pages", cure)


def make_plan(config: BuildConfig, store: CorpusStore, beam_args: list[str]) -> pa.Table:
    """Returns the plan of an earlier run, or finds and inspects the documents and writes it."""
    if store.exists("plan.parquet"):
        return read_plan(store)
    uris = discover(config.inputs)
    logger.info("found %s", counted(len(uris), "document"))
    batches = []
    for start in range(0, len(uris), INSPECT_BATCH):
        batch = json.dumps(uris[start : start + INSPECT_BATCH]).encode()
        # Named by its content: an interrupted run may have inspected other documents.
        batches.append(f"{start // INSPECT_BATCH:05d}-{sha256(batch).hexdigest()[:16]}")
        store.write(batch, "work", "inspect", f"{batches[-1]}.json")
    run_chain("inspect", batches, InspectDocuments(config), beam_args, Progress("inspected", "documents", len(uris)))
    parts = [store.read("work", "inspect", f"{name}.parquet") for name in batches]
    plan = plan_table(row for part in parts for row in pq.read_table(pa.BufferReader(part)).to_pylist())
    buffer = io.BytesIO()
    pq.write_table(plan, buffer)
    store.write(buffer.getvalue(), "plan.parquet")
    return plan


def build_shards(
    config: BuildConfig, store: CorpusStore, units: list[WorkUnit], missing: list[WorkUnit], beam_args: list[str]
) -> None:
    """Builds the shards that are not there yet."""
    if not missing:
        return
    for unit in missing:
        store.write(unit.to_json(), "work", "units", f"{unit.name}.json")
    total = sum(unit.pages for unit in units)
    progress = Progress("built", "pages", total, done=total - sum(unit.pages for unit in missing))
    run_chain("build", [unit.name for unit in missing], BuildShards(config), beam_args, progress)


def describe(plan: pa.Table, units: list[WorkUnit]) -> None:
    """Logs what the plan says."""
    documents, statuses = counted(len(plan), "document"), format_statuses(Counter(plan["status"].to_pylist()))
    pages, shards = counted(sum(unit.pages for unit in units), "page"), counted(len(units), "shard")
    logger.info("plan: %s (%s), %s, %s", documents, statuses, pages, shards)


def main(argv: list[str] | None = None) -> int:
    """Runs the command line; returns the exit code."""
    return run_command(lambda: build_corpus(*parse_flags(sys.argv[1:] if argv is None else argv)))


if __name__ == "__main__":
    leave(main())
