"""The last stage: writes manifest, report, card and index from the parquets of the shards."""

from __future__ import annotations

import logging
import shutil
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds

from pipelines.config import fingerprint
from pipelines.corpus.manifest import write_manifest
from pipelines.corpus.shards import read_sidecar
from pipelines.corpus.store import CorpusStore
from pipelines.report.card import render_card
from pipelines.report.counting import IS_OK, IS_PAGE, count_values
from pipelines.report.report import pick_gallery, render_report
from pipelines.runtime.local_copy import local_copy
from pipelines.runtime.scratch import scratch_directory
from pipelines.runtime.wording import counted, format_statuses
from schemas import MANIFEST_SCHEMA, CorpusIndex, Sample, ShardInfo, Tokenizer, TokenizerInfo
from schemas.reader import Shard

logger = logging.getLogger("pipelines")

FILES = ("manifest.parquet", "report.html", "README.md", "index.json")
GALLERY_SHARDS = 4  # enough pages to choose from, and few files to fetch from a bucket


def finish(
    settings: dict[str, Any], tokenizer: Tokenizer | TokenizerInfo, store: CorpusStore, plan: pa.Table, names: list[str]
) -> CorpusIndex:
    """Writes manifest, report, card and index. The index is written last and marks the corpus as finished.

    Args:
        settings: the settings that decided the corpus's bytes, see `BuildConfig.corpus_settings`.
        tokenizer: the one that made the token arrays.
        store: OUT.
        plan: rows of `PLAN_SCHEMA`.
        names: the shards, in order.
    """
    with scratch_directory() as scratch:
        path, shards = write_manifest(plan, names, store, scratch)
        manifest = ds.dataset(path)
        index = corpus_index(settings, tokenizer, plan, manifest, shards)
        with path.open("rb") as source, store.create("manifest.parquet") as target:
            shutil.copyfileobj(source, target, 1 << 20)
        gallery = _gallery(shards, store, scratch)
        store.write(render_report(index, manifest, plan, gallery).encode(), "report.html")
    store.write(render_card(index).encode(), "README.md")
    store.write(index.to_json().encode(), "index.json")
    store.clear_work()
    return index


def is_finished(store: CorpusStore) -> bool:
    """Returns whether all files that `finish` writes exist."""
    return all(store.exists(name) for name in FILES)


def corpus_index(
    settings: dict[str, Any],
    tokenizer: Tokenizer | TokenizerInfo,
    plan: pa.Table,
    manifest: ds.Dataset,
    shards: list[ShardInfo],
) -> CorpusIndex:
    """Returns the index of the corpus: how it was made, its shards, its totals."""
    return CorpusIndex(
        config=settings,
        fingerprint=fingerprint(settings),
        tokenizer=TokenizerInfo(tokenizer.name, tokenizer.sha256, tokenizer.vocab_size),
        grid_rows=settings["grid_rows"],
        grid_cols=settings["grid_cols"],
        shards=tuple(shards),
        totals=_totals(plan, manifest, shards),
    )


def _totals(plan: pa.Table, manifest: ds.Dataset, shards: list[ShardInfo]) -> dict[str, Any]:
    names = ["words", "lines", "tokens"]
    good = manifest.to_table(columns=names, filter=IS_OK)  # pages that were left out also have words
    return {
        "documents": len(plan),
        "pages": manifest.count_rows(filter=IS_PAGE),
        "samples": sum(shard.samples for shard in shards),
        "bytes": sum(shard.bytes for shard in shards),
        **{name: pc.sum(good[name]).as_py() or 0 for name in names},
        "status": dict(sorted(count_values(manifest, "status").items())),
    }


def _gallery(shards: list[ShardInfo], store: CorpusStore, scratch: Path) -> list[Sample]:
    candidates = [shard.name for shard in shards if shard.samples][:GALLERY_SHARDS]
    keys = pick_gallery(
        pa.concat_tables([MANIFEST_SCHEMA.empty_table(), *(read_sidecar(name, store)[1] for name in candidates)])
    )
    samples = {}
    for name in candidates:
        shard = Shard(local_copy(store.uri("shards", f"{name}.tar"), scratch))
        for number, key in enumerate(shard.keys()):
            if key in keys:
                samples[key] = shard.sample(number)
    return [samples[key] for key in keys]


def summarize(index: CorpusIndex, store: CorpusStore) -> None:
    """Logs what was built and where the report is."""
    totals = index.totals
    samples, pages = counted(totals["samples"], "sample"), counted(totals["pages"], "page")
    lost = sum(totals["status"].values()) - totals["pages"]  # documents that were not read have a row too
    documents = f", {counted(lost, 'document')} without a page" if lost else ""
    logger.info("%s of %s%s (%s)", samples, pages, documents, format_statuses(totals["status"]))
    words, tokens = counted(totals["words"], "word"), counted(totals["tokens"], "token")
    logger.info("%s, %s, %.1f MB in %s", words, tokens, totals["bytes"] / 1e6, store.output)
    logger.info("look at %s", store.uri("report.html"))
