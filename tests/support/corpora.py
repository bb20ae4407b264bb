"""Small valid corpora for tests: drawn pages, written with the public schemas and the writer of webdataset."""

from __future__ import annotations

import hashlib
import io
import json
import shutil
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import webdataset

from schemas import (
    MANIFEST_SCHEMA,
    PLAN_SCHEMA,
    TIME_COLUMNS,
    TOKEN_COLUMNS,
    CorpusIndex,
    Page,
    PageStatus,
    ShardInfo,
    Tokenizer,
    TokenizerInfo,
    cell_of,
    decode_tokens,
    encode_sample,
    load_tokenizer,
    page_key,
)
from schemas.reader import Shard
from tests.support.drawn_pages import document_sha256, draw_page

Spoil = Callable[[np.ndarray], np.ndarray]
"""Damages the tokens of a page, (n, 8) int32."""


def token_with(**values: int) -> Spoil:
    """Returns a function that sets columns of the third token of a page, by their names."""

    def spoil(tokens: np.ndarray) -> np.ndarray:
        for name, value in values.items():
            tokens[2, TOKEN_COLUMNS.index(name)] = value
        return tokens

    return spoil


def write_corpus(
    corpus_dir: str | Path,
    *,
    pages: int = 8,
    shards: int | Sequence[int] = 2,
    words: int = 60,
    bad_pages: int = 2,
    bad_documents: int = 2,
    tokenizer: str | None = None,
    grid: tuple[int, int] = (4, 4),
    long_side: int = 512,
    seed: int = 0,
) -> CorpusIndex:
    """Writes a complete corpus, except for its report and card, and returns its index.

    Args:
        corpus_dir: directory of the new corpus.
        pages: number of samples. Each document has three of them.
        shards: number of shards, which receive the pages in turn; or the number of pages of each shard.
        words: average number of words per page. Each page has 75 % to 125 % of it.
        bad_pages: number of attempted pages without a sample, alternately blank and timed out.
        bad_documents: number of documents of which no page can be attempted, alternately corrupt and encrypted.
        tokenizer: see `load_tokenizer`.
        grid: rows and columns of the grid.
        long_side: longer side of the images in pixels.
        seed: of the random content.
    """
    corpus_dir = Path(corpus_dir)
    (corpus_dir / "shards").mkdir(parents=True)
    encoder = load_tokenizer(tokenizer)
    drawn = [draw_page(seed, number, words, long_side, pages) for number in range(pages)]
    infos, tables = [], []
    parts = _deal(drawn, shards)
    for number, part in enumerate(parts):
        name = f"corpus-{number:05d}"
        samples = [encode_sample(page, jpg, tokenize(page, encoder, *grid)) for page, jpg in part]
        rows = [row_of(page, sample, name) for (page, _), sample in zip(part, samples, strict=True)]
        rows += [_bad_page(seed, bad, name) for bad in range(number, bad_pages, len(parts))]
        info, table = write_shard(corpus_dir, name, samples, rows)
        infos.append(info)
        tables.append(table)
    bad_rows = [_bad_document(seed, bad) for bad in range(bad_documents)]
    manifest = pa.concat_tables([*tables, pa.Table.from_pylist(bad_rows, MANIFEST_SCHEMA)])
    pq.write_table(manifest, corpus_dir / "manifest.parquet")
    pq.write_table(plan_of(manifest), corpus_dir / "plan.parquet")
    index = _index_of(manifest, infos, encoder, grid, long_side)
    index.write(corpus_dir)
    return index


def _deal(pages: list[Any], shards: int | Sequence[int]) -> list[list[Any]]:
    if isinstance(shards, int):
        return [pages[number::shards] for number in range(shards)]
    assert sum(shards) == len(pages)
    left = iter(pages)
    return [list(islice(left, size)) for size in shards]


def _index_of(
    manifest: pa.Table, shards: list[ShardInfo], tokenizer: Tokenizer, grid: tuple[int, int], long_side: int
) -> CorpusIndex:
    config = {
        **{"grid_rows": grid[0], "grid_cols": grid[1], "image_long_side": long_side, "text_source": "ocr"},
        **{"tokenizer": tokenizer.name, "tokenizer_sha256": tokenizer.sha256},
    }
    return CorpusIndex(
        config=config,
        fingerprint=hashlib.sha256(json.dumps(config, sort_keys=True).encode()).hexdigest(),
        tokenizer=TokenizerInfo(tokenizer.name, tokenizer.sha256, tokenizer.vocab_size),
        grid_rows=grid[0],
        grid_cols=grid[1],
        shards=tuple(shards),
        totals=totals_of(manifest, shards),
    )


def write_shard(
    corpus_dir: Path, name: str, samples: list[dict[str, str | bytes]], rows: list[dict[str, object]]
) -> tuple[ShardInfo, pa.Table]:
    """Writes the tar of a shard and then its parquet.

    Args:
        corpus_dir: directory of the corpus.
        name: name of the shard.
        samples: the samples, as `encode_sample` returns them.
        rows: the manifest rows of the shard.

    Returns:
        The entry of the shard in the index, and its manifest rows.
    """
    path = corpus_dir / "shards" / f"{name}.tar"
    with webdataset.TarWriter(str(path), encoder=False, mtime=0, user="", group="") as tar:
        for sample in samples:
            tar.write(sample)
    data = path.read_bytes()
    info = ShardInfo(name, len(samples), len(rows), len(data), hashlib.sha256(data).hexdigest())
    marks = {"shard_sha256": info.sha256, "shard_bytes": str(info.bytes), "shard_samples": str(info.samples)}
    table = pa.Table.from_pylist(rows, MANIFEST_SCHEMA)
    pq.write_table(table.replace_schema_metadata(marks), path.with_suffix(".parquet"))
    return info, table


def spoil_corpus(corpus: Path, target: Path, bad: set[int], spoil: Spoil | None = None) -> Path:
    """Copies a corpus of one shard and damages some samples. The index of the copy agrees with the damaged shard.

    Args:
        corpus: directory of the corpus.
        target: directory of the copy.
        bad: positions of the damaged samples in the shard.
        spoil: damages the tokens; floats are stored as they are. None: the images are damaged instead.

    Returns:
        The directory of the copy.
    """
    shutil.copytree(corpus, target)
    index = CorpusIndex.read(target)
    shard = Shard(target / "shards" / "corpus-00000.tar")
    samples = []
    for number, key in enumerate(shard.keys()):
        sample = shard.sample_of(key)
        encoded = encode_sample(sample.page(), sample.jpg, sample.tokens)
        if number in bad and spoil is None:
            encoded["jpg"] = b"\xff\xd8 no image"
        elif number in bad:
            encoded["tokens.npy"] = _npy(spoil(sample.tokens))
        samples.append(encoded)
    info, _ = write_shard(target, "corpus-00000", samples, [])
    replace(index, shards=(replace(info, pages=index.shards[0].pages),)).write(target)
    return target


def _npy(array: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, np.ascontiguousarray(array))
    return buffer.getvalue()


def tokenize(page: Page, tokenizer: Tokenizer, grid_rows: int, grid_cols: int) -> np.ndarray:
    """Returns the `(tokens, 8)` int32 array of a page."""
    ids = tokenizer.encode_words([word.text for word in page.words])
    index = np.repeat(np.arange(len(ids)), [len(word) for word in ids])  # (tokens,)
    boxes = np.asarray([word.box for word in page.words], np.int32).reshape(-1, 4)[index]  # (tokens, 4)
    lines = np.asarray([word.line for word in page.words], np.int32)[index]  # (tokens,)
    token_ids = np.asarray([token for word in ids for token in word], np.int32)  # (tokens,)
    cells = cell_of(boxes, grid_rows, grid_cols)  # (tokens,)
    return np.column_stack([token_ids, index, lines, cells, boxes]).astype(np.int32)  # (tokens, 8)


def row_of(page: Page, sample: dict[str, str | bytes], shard: str) -> dict[str, object]:
    """Returns the manifest row of a page that has a sample."""
    shared = ("key", "uri", "doc_sha256", "page", "pages", "text_source", "image_width", "image_height", "rotation")
    return {name: getattr(page, name) for name in (*shared, "skew_deg")} | {
        "status": PageStatus.OK.value,
        "detail": "",
        "shard": shard,
        "words": len(page.words),
        "lines": len(page.lines),
        "tokens": len(decode_tokens(sample["tokens.npy"])),
        "mean_score": float(np.mean([word.score for word in page.words])),
        "language": "en",
        **dict.fromkeys(TIME_COLUMNS, 0.5 + (page.page * 7 + len(page.words)) % 20 / 10),
    }


def failed_row(uri: str, sha256: str, page: int, pages: int, status: PageStatus, detail: str, shard: str) -> dict:
    """Returns the manifest row of a page without a sample, or of a whole document if `page` is 0."""
    row = {field.name: "" if field.type == pa.string() else 0 for field in MANIFEST_SCHEMA}
    facts = {"key": page_key(sha256, page), "uri": uri, "doc_sha256": sha256, "page": page, "pages": pages}
    return row | facts | {"status": status.value, "detail": detail, "shard": shard}


def _bad_page(seed: int, number: int, shard: str) -> dict[str, object]:
    sha256 = document_sha256(seed, f"bad-page-{number}")
    status, detail = ((PageStatus.BLANK, "no ink"), (PageStatus.TIMEOUT, "took more than 120 s"))[number % 2]
    return failed_row(f"documents/bad-page-{number}.pdf", sha256, 1, 1, status, detail, shard)


def _bad_document(seed: int, number: int) -> dict[str, object]:
    sha256 = document_sha256(seed, f"bad-document-{number}")
    status, detail = ((PageStatus.CORRUPT, "has no pages"), (PageStatus.ENCRYPTED, "needs a password"))[number % 2]
    return failed_row(f"documents/bad-document-{number}.pdf", sha256, 0, 0, status, detail, "")


def plan_of(manifest: pa.Table) -> pa.Table:
    """Returns the plan that belongs to a manifest, with one row per document."""
    documents: dict[str, dict[str, object]] = {}
    for row in manifest.to_pylist():
        status = row["status"] if row["page"] == 0 else PageStatus.OK.value
        facts = {"uri": row["uri"], "sha256": row["doc_sha256"], "pages": row["pages"], "bytes": 20_000}
        documents[row["uri"]] = facts | {"status": status, "detail": row["detail"] if row["page"] == 0 else ""}
    return pa.Table.from_pylist(list(documents.values()), PLAN_SCHEMA)


def totals_of(manifest: pa.Table, shards: list[ShardInfo]) -> dict[str, object]:
    """Returns the `totals` of the index."""
    rows = manifest.to_pylist()
    ok = [row for row in rows if row["status"] == PageStatus.OK.value]
    return {
        "documents": len({row["uri"] for row in rows}),
        "pages": sum(row["page"] > 0 for row in rows),
        "samples": len(ok),
        **{name: sum(row[name] for row in ok) for name in ("words", "lines", "tokens")},
        "bytes": sum(shard.bytes for shard in shards),
        "status": dict(Counter(row["status"] for row in rows)),
    }
