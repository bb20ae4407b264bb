"""The columns of the tables beside the shards: the plan (a row a document) and the manifest (a row a page)."""

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
"""One row per input document. `sha256` is empty where the bytes could not be read, `pages` is 0 where unknown."""

TIME_COLUMNS = ("seconds", "seconds_render", "seconds_ocr", "seconds_rest")
"""The columns of the manifest that differ between two builds of the same corpus."""

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
"""One row per page that was attempted, and one with page 0 for each document that has no page to attempt."""
