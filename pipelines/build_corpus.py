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
from typing import Any

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
from schemas import PLAN_SCHEMA, CorpusIndex, FolioError, PageStatus, SchemaError, UsageError

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
    missing = [unit for unit in units if not store.has_shard(unit.name)]
    if missing or not store.exists("index.json"):
        build_shards(config, store, units, missing, beam_args)
        index = finish(config, store, plan, units)
    else:
        logger.info("%s is complete already: nothing to do", config.output)
        index = CorpusIndex.from_json(store.read("index.json"), store.uri("index.json"))
        store.clear_work()
    if not index.totals["samples"]:
        raise FolioError(
            f"not one page could be used ({_counts(index.totals['status'])}): see {store.uri('report.html')}"
        )
    summarize(index, store)
    return index


def claim_output(config: BuildConfig, store: CorpusStore) -> None:
    """Makes sure that OUT can be written and holds no shard that was built with other settings."""
    content = config.content()
    changed = differences(_earlier_settings(store) or content, content)
    if changed and (store.exists("index.json") or store.match("shards", "*.parquet")):
        changes = "\n  ".join(changed)
        raise UsageError(f"--output {config.output} holds a corpus of other settings; choose another OUT:\n  {changes}")
    try:
        if changed:  # an earlier command did not get as far as a shard
            store.clear_work()
            store.delete("plan.parquet")
        if not store.exists("index.json"):
            store.write(json.dumps(content, indent=2, sort_keys=True).encode(), "work", "config.json")
    except (OSError, BeamIOError) as error:
        raise UsageError(f"--output {config.output} cannot be written: {error}") from error


def _earlier_settings(store: CorpusStore) -> dict[str, Any] | None:
    """Returns the settings of a finished corpus or of an unfinished build in OUT."""
    if store.exists("index.json"):
        return CorpusIndex.from_json(store.read("index.json"), store.uri("index.json")).config
    if store.exists("work", "config.json"):
        try:
            return json.loads(store.read("work", "config.json"))
        except ValueError as error:
            raise SchemaError(f"{store.uri('work', 'config.json')} is damaged: delete it.") from error
    return None


def make_plan(config: BuildConfig, store: CorpusStore, beam_args: list[str]) -> pa.Table:
    """Returns the plan of an earlier run, or finds and inspects the documents and writes it."""
    if store.exists("plan.parquet"):
        try:
            return pq.read_table(pa.BufferReader(store.read("plan.parquet")), schema=PLAN_SCHEMA)
        except pa.ArrowException as error:
            raise SchemaError(f"{store.uri('plan.parquet')} is damaged: delete it and the shards beside it.") from error
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
    except (OSError, BeamIOError) as error:
        print(f"error: {error}. Finished shards are kept; run the same command again to go on.", file=sys.stderr)  # noqa: T201
        return 1
    except KeyboardInterrupt:
        print("stopped; run the same command again to go on", file=sys.stderr)  # noqa: T201
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
