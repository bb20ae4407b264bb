"""Checks of a corpus's tables against each other: pure functions that yield one sentence per fault."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from pipelines.config import fingerprint
from schemas import TOKEN_COLUMNS, CorpusIndex, PageStatus, ShardInfo, TokenizerInfo, load_tokenizer

_STATUSES = pa.array([status.value for status in PageStatus])
_OK = PageStatus.OK.value


def index_faults(index: CorpusIndex) -> Iterator[str]:
    """Checks the index alone: values that it states twice, and values that are known without the corpus."""
    if index.fingerprint != fingerprint(index.config):
        yield f"fingerprint is {index.fingerprint}, but that of its config is {fingerprint(index.config)}"
    settings = {
        "grid_rows": index.grid_rows,
        "grid_cols": index.grid_cols,
        "tokenizer": index.tokenizer.name,
        "tokenizer_sha256": index.tokenizer.sha256,
    }
    for name, value in settings.items():
        if index.config.get(name, value) != value:
            yield f"config.{name} is {index.config[name]!r}, but the corpus says {value!r}"
    known = load_tokenizer()
    packaged = TokenizerInfo(known.name, known.sha256, known.vocab_size)
    if index.tokenizer.name == packaged.name and index.tokenizer != packaged:
        yield f"tokenizer is {index.tokenizer}, but the packaged one is {packaged}"
    if index.token_columns != TOKEN_COLUMNS:
        yield f"token_columns are {', '.join(index.token_columns)}, not {', '.join(TOKEN_COLUMNS)}"
    for name, count in Counter(shard.name for shard in index.shards).items():
        if count > 1:
            yield f"shard {name} is listed {count} times"


def sidecar_faults(rows: pa.Table, shard: ShardInfo) -> Iterator[str]:
    """Checks the parquet next to a tar against what the index says about that shard.

    Args:
        rows: the parquet's table, with its metadata.
        shard: the entry of the index.
    """
    metadata = rows.schema.metadata or {}
    stated = {"shard_sha256": shard.sha256, "shard_bytes": str(shard.bytes), "shard_samples": str(shard.samples)}
    for name, expected in stated.items():
        found = metadata.get(name.encode(), b"").decode(errors="replace")
        if found != expected:
            yield f"metadata {name} is {found!r}, but index.json says {expected}"
    if rows.num_rows != shard.pages:
        yield f"{rows.num_rows} rows, but index.json says {shard.pages} pages"
    good = rows.filter(pc.equal(rows["status"], _OK))
    if good.num_rows != shard.samples:
        yield f"{good.num_rows} rows are ok, but index.json says {shard.samples} samples"
    for row in rows.filter(pc.not_equal(rows["shard"], shard.name)).slice(0, 1).to_pylist():
        yield f"{row['key']}: shard is {row['shard']!r}, not {shard.name!r}"


def schema_fault(table: pa.Table, schema: pa.Schema) -> str | None:
    """Returns how a table's columns differ from `schema` in names, order, types or nulls; None if they do not."""
    if not table.schema.equals(schema, check_metadata=False):
        found = {field.name: field for field in table.schema}
        odd = [field.name for field in schema if field.name not in found or found[field.name] != field]
        extra = [name for name in found if name not in schema.names]
        return f"columns differ from the schema's: {', '.join(odd + extra) or 'order'}"
    nulls = [name for name in schema.names if table[name].null_count]
    return f"nulls in {', '.join(nulls)}" if nulls else None


def manifest_faults(manifest: pa.Table, page_rows: pa.Table, plan: pa.Table) -> Iterator[str]:
    """Checks that the manifest holds the rows of all shards, and a page-0 row for each document that was not read.

    Args:
        manifest: the rows of `manifest.parquet`.
        page_rows: the rows of all sidecars.
        plan: rows of `PLAN_SCHEMA`.
    """
    pages = manifest.filter(pc.greater(manifest["page"], 0))
    yield from _difference(pages, page_rows, "the shards' parquets")
    documents = manifest.filter(pc.equal(manifest["page"], 0)).select(["uri", "doc_sha256", "status"])
    lost = plan.filter(pc.not_equal(plan["status"], _OK)).select(["uri", "sha256", "status"])
    yield from _difference(documents, lost.rename_columns(documents.column_names), "plan.parquet")
    for row in manifest.filter(pc.invert(pc.is_in(manifest["status"], _STATUSES))).slice(0, 1).to_pylist():
        yield f"{row['key']}: status {row['status']!r} is not a value of PageStatus"
    keys = pages.group_by("key").aggregate([("uri", "count")])
    for group in keys.filter(pc.greater(keys["uri_count"], 1)).to_pylist():
        yield f"{group['key']}: {group['uri_count']} rows with this key"


def _difference(found: pa.Table, expected: pa.Table, source: str) -> Iterator[str]:
    order = [(name, "ascending") for name in ("uri", "doc_sha256", "page", "key") if name in found.column_names]
    found, expected = found.sort_by(order).combine_chunks(), expected.sort_by(order).combine_chunks()
    if found.equals(expected):
        return
    ours, theirs = _by_identity(found), _by_identity(expected)
    for name in sorted(ours.keys() - theirs.keys()):
        yield f"{_label(name)}: this row is not in {source}"
    for name in sorted(theirs.keys() - ours.keys()):
        yield f"{_label(name)}: the manifest lacks this row of {source}"
    for name in sorted(ours.keys() & theirs.keys()):
        if ours[name] != theirs[name]:
            yield f"{_label(name)}: differs from the row in {source} in {_differing(ours[name], theirs[name])}"
    if found.num_rows != expected.num_rows and ours.keys() == theirs.keys():
        yield f"{found.num_rows} rows, but {expected.num_rows} in {source}"


def _by_identity(table: pa.Table) -> dict[tuple[str, str, int], dict[str, Any]]:
    """Returns the rows by uri, sha256 and page. The uri alone is not unique in a corpus that was merged from others."""
    return {(row["uri"], row["doc_sha256"], row.get("page", 0)): row for row in table.to_pylist()}


def _label(identity: tuple[str, str, int]) -> str:
    uri, _, page = identity
    return f"{uri} page {page}" if page else uri


def _differing(ours: dict[str, Any], theirs: dict[str, Any]) -> str:
    return ", ".join(f"{name} ({ours[name]!r}, not {theirs[name]!r})" for name in ours if ours[name] != theirs[name])


def plan_faults(plan: pa.Table, manifest: pa.Table) -> Iterator[str]:
    """Checks that every page of every document that could be opened has exactly one row in the manifest.

    Args:
        plan: rows of `PLAN_SCHEMA`.
        manifest: the rows of `manifest.parquet`.
    """
    pages = manifest.filter(pc.greater(manifest["page"], 0))
    document = ["uri", "doc_sha256"]
    found = pages.group_by(document).aggregate([("page", "count_distinct"), ("page", "min"), ("page", "max")])
    good = plan.filter(pc.equal(plan["status"], _OK)).select(["uri", "sha256", "pages"])
    both = good.join(found, ["uri", "sha256"], document)
    count, first, last = (pc.fill_null(both[f"page_{name}"], 0) for name in ("count_distinct", "min", "max"))
    wrong = pc.or_(pc.not_equal(count, both["pages"]), pc.not_equal(last, both["pages"]))
    wrong = pc.or_(wrong, pc.not_equal(first, 1))
    for row in both.filter(wrong).sort_by("uri").to_pylist():
        count, first, last = (row[f"page_{name}"] or 0 for name in ("count_distinct", "min", "max"))
        yield f"{row['uri']}: {row['pages']} pages, but the manifest has {count} from {first} to {last}"


def totals_faults(index: CorpusIndex, manifest: pa.Table, plan: pa.Table) -> Iterator[str]:
    """Checks the totals in the index against the tables."""
    good = manifest.filter(pc.equal(manifest["status"], _OK))
    statuses = {entry["values"]: entry["counts"] for entry in pc.value_counts(manifest["status"]).to_pylist()}
    expected = {
        "documents": plan.num_rows,
        "pages": pc.sum(pc.greater(manifest["page"], 0)).as_py() or 0,
        "samples": good.num_rows,
        **{name: pc.sum(good[name]).as_py() or 0 for name in ("words", "lines", "tokens")},
        "bytes": sum(shard.bytes for shard in index.shards),
        "status": statuses,
    }
    for name, value in expected.items():
        if index.totals.get(name) != value:
            yield f"totals.{name} is {index.totals.get(name)!r}, but the corpus has {value!r}"
