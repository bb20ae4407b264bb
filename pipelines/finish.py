"""The last stage: merge what the shards' parquets say into manifest, index, report and card."""

from __future__ import annotations

import io
import logging
from collections import Counter
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipelines.card import render_card
from pipelines.config import fingerprint
from pipelines.localize import localize
from pipelines.page_builder import PageFacts, PageTask
from pipelines.rendering import counted, format_statuses
from pipelines.report import pick_gallery, render_report
from pipelines.scratch import scratch_directory
from pipelines.shard import manifest_row, read_sidecar
from pipelines.storage import CorpusStore
from schemas import (
    MANIFEST_SCHEMA,
    CorpusIndex,
    PageStatus,
    Sample,
    ShardInfo,
    Tokenizer,
    TokenizerInfo,
)
from schemas.reader import Shard

logger = logging.getLogger("folio")

GALLERY_SHARDS = 4  # enough to choose from, and few to fetch where the corpus is in a bucket


def finish(
    content: dict[str, Any], tokenizer: Tokenizer | TokenizerInfo, store: CorpusStore, plan: pa.Table, names: list[str]
) -> CorpusIndex:
    """Writes manifest, report, card and, as the mark of a finished corpus, the index.

    Args:
        content: the settings that decided the corpus's bytes, see `BuildConfig.content`.
        names: the shards.
    """
    sidecars = [read_sidecar(name, store) for name in names]
    shards = [info for info, _ in sidecars]
    manifest = merge_manifest(plan, [rows for _, rows in sidecars])
    index = corpus_index(content, tokenizer, plan, manifest, shards)
    store.write(_parquet(manifest), "manifest.parquet")
    with scratch_directory() as scratch:
        gallery = _gallery(manifest, shards, store, scratch)
    store.write(render_report(index, manifest, plan, gallery).encode(), "report.html")
    store.write(render_card(index).encode(), "README.md")
    store.write(index.to_json().encode(), "index.json")
    store.clear_work()
    return index


def merge_manifest(plan: pa.Table, page_rows: list[pa.Table]) -> pa.Table:
    """Returns all page rows, and a row with page 0 for each document that has no page to attempt, by uri and page."""
    lost = plan.filter(pc.not_equal(plan["status"], PageStatus.OK.value)).to_pylist()
    document_rows = pa.Table.from_pylist([_document_row(row) for row in lost], MANIFEST_SCHEMA)
    return pa.concat_tables([document_rows, *page_rows]).sort_by([("uri", "ascending"), ("page", "ascending")])


def _document_row(row: dict) -> dict:
    task = PageTask(Path(), row["uri"], row["sha256"], page=0, pages=row["pages"])
    return manifest_row(task, PageFacts(PageStatus(row["status"]), row["detail"]), shard="")


def corpus_index(
    content: dict[str, Any],
    tokenizer: Tokenizer | TokenizerInfo,
    plan: pa.Table,
    manifest: pa.Table,
    shards: list[ShardInfo],
) -> CorpusIndex:
    """Returns the head of the corpus: how it was made, its shards, its sums."""
    return CorpusIndex(
        config=content,
        fingerprint=fingerprint(content),
        tokenizer=TokenizerInfo(tokenizer.name, tokenizer.sha256, tokenizer.vocab_size),
        grid_rows=content["grid_rows"],
        grid_cols=content["grid_cols"],
        shards=tuple(shards),
        totals=_totals(plan, manifest, shards),
    )


def _totals(plan: pa.Table, manifest: pa.Table, shards: list[ShardInfo]) -> dict[str, Any]:
    good = manifest.filter(pc.equal(manifest["status"], PageStatus.OK.value))  # pages that were left out have words too
    sums = {name: pc.sum(good[name]).as_py() or 0 for name in ("words", "lines", "tokens")}
    return {
        "documents": len(plan),
        "pages": pc.sum(pc.greater(manifest["page"], 0)).as_py() or 0,
        "samples": sum(shard.samples for shard in shards),
        "bytes": sum(shard.bytes for shard in shards),
        **sums,
        "status": dict(sorted(Counter(manifest["status"].to_pylist()).items())),
    }


def _gallery(manifest: pa.Table, shards: list[ShardInfo], store: CorpusStore, scratch: Path) -> list[Sample]:
    near = [shard.name for shard in shards if shard.samples][:GALLERY_SHARDS]
    keys = pick_gallery(manifest.filter(pc.is_in(manifest["shard"], pa.array(near, pa.string()))))
    samples = {}
    for name in near:
        shard = Shard(localize(store.uri("shards", f"{name}.tar"), scratch))
        for number, key in enumerate(shard.keys()):
            if key in keys:
                samples[key] = shard.sample(number)
    return [samples[key] for key in keys]


def _parquet(table: pa.Table) -> bytes:
    buffer = io.BytesIO()
    pq.write_table(table, buffer)
    return buffer.getvalue()


def summarize(index: CorpusIndex, store: CorpusStore) -> None:
    """Logs what was built and where to look."""
    totals = index.totals
    samples, pages = counted(totals["samples"], "sample"), counted(totals["pages"], "page")
    logger.info("%s of %s (%s)", samples, pages, format_statuses(totals["status"]))
    words, tokens = counted(totals["words"], "word"), counted(totals["tokens"], "token")
    logger.info("%s, %s, %.1f MB in %s", words, tokens, totals["bytes"] / 1e6, store.output)
    logger.info("look at %s", store.uri("report.html"))
