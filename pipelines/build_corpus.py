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

import pyarrow as pa
import pyarrow.parquet as pq

from pipelines.config import BuildConfig, differences
from pipelines.discover import discover
from pipelines.finish import finish
from pipelines.flags import parse_flags
from pipelines.jobs import BuildShards, InspectDocuments, run_chain
from pipelines.plan import WorkUnit, plan_table, work_units
from pipelines.progress import Progress
from pipelines.storage import BeamIOError, CorpusStore, open_file_systems
from schemas import PLAN_SCHEMA, CorpusIndex, FolioError, PageStatus, UsageError

logger = logging.getLogger("folio")

INSPECT_BATCH = 256


def build_corpus(config: BuildConfig, beam_args: list[str], dry_run: bool = False) -> CorpusIndex | None:
    """Builds what is missing of a corpus and returns its index; `None` after a dry run.

    Raises:
        UsageError: an input or the output cannot be what they are said to be.
        FolioError: the run failed, or not a single page could be used.
    """
    open_file_systems((*config.inputs, config.output), beam_args)
    store = CorpusStore(config.output)
    claim_output(config, store)
    plan = make_plan(config, store, beam_args)
    units = work_units(plan, config.pages_per_shard)
    describe(plan, units)
    if dry_run:
        return None
    missing = [unit for unit in units if not store.exists("shards", f"{unit.name}.parquet")]
    if missing or not store.exists("index.json"):
        build_shards(config, store, units, missing, beam_args)
        index = finish(config, store, plan, units)
    else:
        logger.info("%s is complete already: nothing to do", config.output)
        index = CorpusIndex.from_json(store.read("index.json").decode(), store.uri("index.json"))
    if not index.totals["samples"]:
        raise FolioError(
            f"not one page could be used ({_counts(index.totals['status'])}): see {store.uri('report.html')}"
        )
    summarize(index, store)
    return index


def claim_output(config: BuildConfig, store: CorpusStore) -> None:
    """Makes sure that OUT can be written and holds nothing that was built with other settings."""
    content = config.content()
    for name in (("index.json",), ("work", "config.json")):
        if store.exists(*name):
            found = json.loads(store.read(*name))
            changed = differences(found.get("config", found), content)
            if changed:
                changes = "\n  ".join(changed)
                raise UsageError(
                    f"--output {config.output} holds a corpus of other settings; choose another OUT:\n  {changes}"
                )
            return
    try:
        store.write(json.dumps(content, indent=2, sort_keys=True).encode(), "work", "config.json")
    except (OSError, BeamIOError) as error:
        raise UsageError(f"--output {config.output} cannot be written: {error}") from error


def make_plan(config: BuildConfig, store: CorpusStore, beam_args: list[str]) -> pa.Table:
    """Returns the plan of an earlier run, or finds and inspects the documents and writes it."""
    if store.exists("plan.parquet"):
        return pq.read_table(pa.BufferReader(store.read("plan.parquet")), schema=PLAN_SCHEMA)
    uris = discover(config.inputs)
    logger.info("found %d documents", len(uris))
    batches = {
        f"{start // INSPECT_BATCH:05d}": uris[start : start + INSPECT_BATCH]
        for start in range(0, len(uris), INSPECT_BATCH)
    }
    for name, batch in batches.items():
        store.write(json.dumps(batch).encode(), "work", "inspect", f"{name}.json")
    run_chain(
        "inspect", list(batches), InspectDocuments(config), beam_args, Progress("inspected", "documents", len(uris))
    )
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
    pages = sum(unit.pages for unit in units)
    counts = _counts(Counter(plan["status"].to_pylist()))
    logger.info("plan: %d documents (%s), %d pages, %d shards", len(plan), counts, pages, len(units))


def summarize(index: CorpusIndex, store: CorpusStore) -> None:
    """Logs what was built and where to look."""
    totals = index.totals
    logger.info("%d samples of %d pages (%s)", totals["samples"], totals["pages"], _counts(totals["status"]))
    logger.info(
        "%d words, %d tokens, %.1f MB in %s", totals["words"], totals["tokens"], totals["bytes"] / 1e6, store.output
    )
    logger.info("look at %s", store.uri("report.html"))


def _counts(status: dict[str, int]) -> str:
    return ", ".join(f"{count} {PageStatus(name).value}" for name, count in sorted(status.items()))


def main(argv: list[str] | None = None) -> int:
    """Runs the command line; returns the exit code."""
    logging.basicConfig(level=logging.WARNING, format="%(message)s", stream=sys.stderr, force=True)
    logger.setLevel(logging.INFO)
    try:
        build_corpus(*parse_flags(sys.argv[1:] if argv is None else argv))
    except FolioError as error:
        print(f"error: {error}", file=sys.stderr)  # noqa: T201
        return error.exit_code
    except KeyboardInterrupt:
        print("stopped; run the same command again to go on", file=sys.stderr)  # noqa: T201
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
