"""Generates the files of a build that `benchmarks.corpus.scale` plans and finishes, instead of millions of PDFs."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor
from functools import cache, partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipelines.build.plan import inspect_batches
from schemas import MANIFEST_SCHEMA, PLAN_SCHEMA, PageStatus

PAGES_PER_DOCUMENT = 6.4  # mean
NOT_PDF, DUPLICATE = 0.02, 0.03  # shares of the documents
TOO_FEW_WORDS = 0.03  # share of the pages
TEMPLATE_ROWS = 4096  # more than the rows of any shard


def generate_documents(list_path: Path, corpus: Path, documents: int) -> None:
    """Writes the list of documents, and for each batch of it the result of an inspection."""
    folder = corpus / "work" / "inspect"
    folder.mkdir()
    uris = [f"gs://crawl-of-the-year-2026/documents/{i % 997:04d}/{i:010d}.pdf" for i in range(documents)]
    list_path.write_text("\n".join(uris))
    _in_processes(partial(_write_inspected, folder), enumerate(inspect_batches(sorted(uris))))


def generate_shards(corpus: Path) -> None:
    """Writes an empty tar and the page rows for each unit in `work/units.arrow`."""
    units_path, folder = corpus / "work" / "units.arrow", corpus / "shards"
    folder.mkdir()
    with pa.memory_map(str(units_path)) as source:
        units = pa.ipc.open_file(source).num_record_batches
    _in_processes(partial(_write_shard, units_path, folder), range(units))


def _in_processes(task: Callable[[Any], None], items: Iterable[Any]) -> None:
    with ProcessPoolExecutor(mp_context=get_context("spawn")) as pool:
        for _ in pool.map(task, items, chunksize=32):
            pass


def _write_inspected(folder: Path, numbered: tuple[int, tuple[str, bytes]]) -> None:
    number, (name, batch) = numbered
    mine = json.loads(batch)
    random = np.random.default_rng(number)
    pages = 1 + random.geometric(1 / (PAGES_PER_DOCUMENT - 1), len(mine))
    bad, duplicate = random.random((2, len(mine))) < [[NOT_PDF], [DUPLICATE]]
    digest = [random.bytes(32).hex() for _ in mine]
    columns = {
        "uri": mine,
        "sha256": [digest[i // 2 if duplicate[i] else i] for i in range(len(mine))],
        "pages": np.where(bad, 0, pages),
        "bytes": pages * 50_000,
        "status": np.where(bad, PageStatus.NOT_PDF.value, PageStatus.OK.value),
        "detail": np.where(bad, "starts with b'<html>', not with %PDF", ""),
    }
    pq.write_table(pa.table(columns, PLAN_SCHEMA), folder / f"{name}.parquet")


def _write_shard(units_path: Path, folder: Path, number: int) -> None:
    with pa.memory_map(str(units_path)) as source:
        ranges = pa.ipc.open_file(source).get_batch(number)
    name = f"corpus-{number:05d}"
    facts = {"shard_samples": "0", "shard_bytes": "132000000", "shard_sha256": f"{number:064x}"}
    pq.write_table(_page_rows(name, ranges).replace_schema_metadata(facts), folder / f"{name}.parquet")
    (folder / f"{name}.tar").touch()


def _page_rows(name: str, ranges: pa.RecordBatch) -> pa.Table:
    first, last = ranges["first"].to_numpy(), ranges["last"].to_numpy()
    lengths = last - first + 1
    piece = np.repeat(np.arange(len(ranges)), lengths)
    page = np.arange(len(piece)) - np.repeat(np.cumsum(lengths) - lengths - first, lengths)
    digits = pc.utf8_lpad(pa.array(page).cast(pa.string()), 5, "0")
    sha256 = ranges["doc_sha256"].take(pa.array(piece))
    known = {
        "key": pc.binary_join_element_wise(pc.utf8_slice_codeunits(sha256, 0, 16), digits, "-"),
        "uri": ranges["uri"].take(pa.array(piece)),
        "doc_sha256": sha256,
        "page": pa.array(page, pa.int32()),
        "pages": ranges["pages"].take(pa.array(piece)),
        "shard": pa.repeat(name, len(piece)),
    }
    template = _template().slice(0, len(piece))
    columns = [known.get(field.name, template[field.name]) for field in MANIFEST_SCHEMA]
    rows = pa.Table.from_arrays(columns, schema=MANIFEST_SCHEMA)
    return rows.sort_by([("uri", "ascending"), ("page", "ascending")])


@cache
def _template() -> pa.Table:
    """Returns rows with random values in all columns that do not identify a page."""
    random = np.random.default_rng(0)
    ok = random.random(TEMPLATE_ROWS) >= TOO_FEW_WORDS
    known = {
        "status": np.where(ok, PageStatus.OK.value, PageStatus.TOO_FEW_WORDS.value),
        "detail": np.where(ok, "", "0 words, --min_words is 1"),
        "text_source": ["ocr"] * TEMPLATE_ROWS,
        "image_width": random.choice([724, 791, 1024], TEMPLATE_ROWS),
        "image_height": random.choice([724, 791, 1024], TEMPLATE_ROWS),
        "language": random.choice(["en", "de", "fr", "es"], TEMPLATE_ROWS),
    }
    columns = [known.get(field.name, random.integers(1, 2000, TEMPLATE_ROWS)) for field in MANIFEST_SCHEMA]
    return pa.Table.from_arrays(
        [pa.array(column).cast(field.type) for column, field in zip(columns, MANIFEST_SCHEMA, strict=True)],
        schema=MANIFEST_SCHEMA,
    )
