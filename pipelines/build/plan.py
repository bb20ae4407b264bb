"""The plan of a corpus: read from an earlier run, or made by inspecting all documents of the input."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from functools import partial
from hashlib import sha256

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipelines.build.discover import discover, read_hashes
from pipelines.build.jobs import InspectDocuments
from pipelines.build.pages import PageBuilderFactory, PageTask
from pipelines.build.work_units import plan_table
from pipelines.config import BuildConfig
from pipelines.corpus.claim import read_plan
from pipelines.corpus.manifest import READERS
from pipelines.corpus.store import CorpusStore
from pipelines.page.assemble import PageResult
from pipelines.runtime.beam.job import run_chain
from pipelines.runtime.beam.runners import check_documents, runs_here
from pipelines.runtime.parallel_map import parallel_map
from pipelines.runtime.progress import Progress
from pipelines.runtime.sandbox import Sandbox
from pipelines.runtime.wording import counted
from schemas import UsageError

logger = logging.getLogger("pipelines")

INSPECT_BATCH = 256  # minimum number of documents per batch
INSPECT_BATCHES = 4096  # maximum number of batches: each is a file to write, list and merge


def make_plan(config: BuildConfig, store: CorpusStore, beam_args: list[str]) -> pa.Table:
    """Returns the plan of an earlier run, or finds and inspects the documents and writes a new plan."""
    if store.exists("plan.parquet"):
        plan = read_plan(store)
        compare_input(config, plan, complete=store.exists("index.json"))
        return plan
    uris = discover(config.inputs)
    excluded = read_hashes(config.exclude) if config.exclude else frozenset()
    check_documents(uris, beam_args)
    logger.info("found %s", counted(len(uris), "document"))
    if config.page.text_source != "pdf" and runs_here(beam_args):
        _check_page_process(config)
    batches = list(parallel_map(partial(_write_batch, store), inspect_batches(uris), READERS))
    progress = Progress("inspected", "documents", len(uris))
    del uris  # more than 1 GB for ten million documents
    run_chain("inspect", batches, InspectDocuments(config, beam_args), beam_args, progress)
    plan = plan_table(read_inspected(batches, store), excluded)
    with store.create("plan.parquet") as stream:
        pq.write_table(plan, stream)
    return plan


def _check_page_process(config: BuildConfig) -> None:
    """Loads engine and weights in a page process: if one is missing, the run fails before hours of inspection."""
    run = config.run
    factory = PageBuilderFactory(config.page)
    sandbox: Sandbox[PageTask, PageResult] = Sandbox(factory, 1, run.page_timeout_s, run.page_memory_mb)
    with sandbox:
        sandbox.warm_up()


def _write_batch(store: CorpusStore, batch: tuple[str, bytes]) -> str:
    name, content = batch
    store.write(content, "work", "inspect", f"{name}.json")
    return name


def inspect_batches(uris: list[str]) -> Iterator[tuple[str, bytes]]:
    """Yields, for each batch of documents to inspect, its name and the URIs as JSON."""
    size = max(INSPECT_BATCH, -(-len(uris) // INSPECT_BATCHES))
    for number, start in enumerate(range(0, len(uris), size)):
        batch = json.dumps(uris[start : start + size]).encode()
        # The name depends on the content, because an interrupted run may have inspected other documents.
        yield f"{number:05d}-{sha256(batch).hexdigest()[:16]}", batch


def read_inspected(batches: list[str], store: CorpusStore) -> pa.Table:
    """Returns the results of the inspection of all documents: rows of `PLAN_SCHEMA` in one chunk."""
    parts = parallel_map(lambda name: store.read("work", "inspect", f"{name}.parquet"), batches, READERS)
    return pa.concat_tables(pq.read_table(pa.BufferReader(part)) for part in parts).combine_chunks()


def compare_input(config: BuildConfig, plan: pa.Table, complete: bool) -> None:
    """Logs which documents were added to the input since the plan was made.

    A plan is final, because each shard depends on the whole plan.

    Args:
        config: settings of the build.
        plan: rows of `PLAN_SCHEMA`.
        complete: the corpus is complete, so its documents are not needed any more.

    Raises:
        UsageError: the corpus is not complete, and the input contains no document of the plan.
    """
    try:
        uris = pa.array(discover(config.inputs), pa.string())
    except UsageError as error:
        logger.warning("%s", error)
        uris = pa.array([], pa.string())
    planned = pc.is_in(uris, plan["uri"])
    if not complete and len(plan) and not pc.any(planned).as_py():
        raise UsageError(
            f"--input {' '.join(config.inputs)}: none of the planned documents is found there any more, for "
            f"example {plan['uri'][0]}. Fix --input (relative paths in a list start in the current directory), or "
            "choose another --output."
        )
    new = pc.filter(uris, pc.invert(planned))
    if len(new):
        are, them = ("is", "it") if len(new) == 1 else ("are", "them")
        logger.warning(
            "%s of the input %s not in the plan, for example %s. Build %s separately, listed in a .txt file for "
            "--input, into another --output, and join both with pipelines.merge",
            *(counted(len(new), "document"), are, new[0], them),
        )
