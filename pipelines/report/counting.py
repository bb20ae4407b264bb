"""Counts the values in columns of a manifest or a plan."""

from __future__ import annotations

from collections import Counter

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds

from schemas import PageStatus

IS_OK = ds.field("status") == PageStatus.OK.value
IS_PAGE = ds.field("page") > 0


def count_values(manifest: ds.Dataset, column: str, where: ds.Expression | None = None) -> Counter[str]:
    """Returns how often each value of a column of strings occurs.

    Args:
        manifest: rows of `MANIFEST_SCHEMA`. Only one batch of one column is in memory at a time.
        column: name of the column.
        where: counts only rows that match this expression; None counts all rows.
    """
    counts: Counter[str] = Counter()
    for batch in manifest.to_batches(columns=[column], filter=where):
        counts.update(count_column(batch.column(0)))
    return counts


def count_column(column: pa.Array | pa.ChunkedArray) -> dict[str, int]:
    """Returns how often each value of a column occurs. The column is in memory."""
    return {entry["values"]: entry["counts"] for entry in pc.value_counts(column).to_pylist()}
