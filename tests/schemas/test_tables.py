"""The plan and the manifest as Parquet tables."""

from __future__ import annotations

import io

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas import MANIFEST_SCHEMA, PLAN_SCHEMA, Corpus, PageStatus

VALUES = {
    pa.string(): st.text(st.characters(exclude_categories=("Cs",)), max_size=20),
    pa.int32(): st.integers(-(2**31), 2**31 - 1),
    pa.int64(): st.integers(-(2**63), 2**63 - 1),
    pa.float32(): st.floats(width=32, allow_nan=False),
}


def rows_of(schema):
    return st.lists(st.fixed_dictionaries({field.name: VALUES[field.type] for field in schema}), max_size=5)


@pytest.mark.parametrize("schema", [PLAN_SCHEMA, MANIFEST_SCHEMA], ids=["plan", "manifest"])
@given(data=st.data())
def test_rows_are_unchanged_after_writing_and_reading_parquet(schema, data):
    rows = data.draw(rows_of(schema))
    file = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(rows, schema), file)
    table = pq.read_table(file)
    assert table.to_pylist() == rows
    assert table.schema.equals(schema)


def test_a_manifest_has_one_row_per_sample_and_further_rows_for_failures(corpus_dir):
    manifest = pq.read_table(corpus_dir / "manifest.parquet")
    assert manifest.schema.equals(MANIFEST_SCHEMA)
    ok = manifest.filter(pa.compute.field("status") == PageStatus.OK.value)
    corpus = Corpus(corpus_dir)
    assert sorted(ok["key"].to_pylist()) == sorted(corpus.key(i) for i in range(len(corpus)))
    assert len(manifest) > len(ok)


def test_the_value_of_every_status_is_its_name_in_lower_case():
    assert [status.value for status in PageStatus] == [status.name.lower() for status in PageStatus]
    assert all(isinstance(status, str) for status in PageStatus)
