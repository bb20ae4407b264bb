"""Columns of the tables of a corpus: the plan (one row per document) and the manifest (one row per page)."""

from __future__ import annotations

import pyarrow as pa

PLAN_SCHEMA = pa.schema(
    [
        pa.field("uri", pa.string(), nullable=False),
        pa.field("sha256", pa.string(), nullable=False),
        pa.field("pages", pa.int32(), nullable=False),
        pa.field("bytes", pa.int64(), nullable=False),
        pa.field("status", pa.string(), nullable=False),
        pa.field("detail", pa.string(), nullable=False),
    ]
)
"""One row per input document. `sha256` is empty if the bytes could not be read; `pages` is 0 if it is unknown."""

TIME_COLUMNS = ("seconds", "seconds_render", "seconds_ocr", "seconds_rest")
"""Columns of the manifest that differ between two builds of the same corpus. In seconds."""

MANIFEST_SCHEMA = pa.schema(
    [
        pa.field("key", pa.string(), nullable=False),
        pa.field("uri", pa.string(), nullable=False),
        pa.field("doc_sha256", pa.string(), nullable=False),
        pa.field("page", pa.int32(), nullable=False),
        pa.field("pages", pa.int32(), nullable=False),
        pa.field("status", pa.string(), nullable=False),
        pa.field("detail", pa.string(), nullable=False),
        pa.field("shard", pa.string(), nullable=False),
        pa.field("text_source", pa.string(), nullable=False),
        pa.field("language", pa.string(), nullable=False),
        pa.field("words", pa.int32(), nullable=False),
        pa.field("lines", pa.int32(), nullable=False),
        pa.field("tokens", pa.int32(), nullable=False),
        pa.field("mean_score", pa.float32(), nullable=False),
        pa.field("image_width", pa.int32(), nullable=False),
        pa.field("image_height", pa.int32(), nullable=False),
        pa.field("rotation", pa.int32(), nullable=False),
        pa.field("skew_deg", pa.float32(), nullable=False),
        *(pa.field(name, pa.float32(), nullable=False) for name in TIME_COLUMNS),
    ]
)
"""One row per attempted page, and one row with page 0 for each document of which no page could be attempted."""
