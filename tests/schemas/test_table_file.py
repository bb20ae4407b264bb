"""Table files: what is written is read again, and a file that is not a table is named."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas import SchemaError
from schemas.table_file import TextTable, decode_table_file, encode_table_file

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
rows = st.lists(texts, max_size=3).map(tuple)


@given(st.builds(TextTable, rows, st.lists(rows, max_size=3).map(tuple), texts))
def test_a_table_is_read_as_it_was_written(table):
    assert decode_table_file(encode_table_file(table), "a.table.json") == table


def test_a_table_needs_only_its_rows():
    assert decode_table_file(b'{"rows": [["a", "b"]]}', "a.table.json") == TextTable((), (("a", "b"),))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[]",
        b"{}",
        b'{"rows": "ab"}',
        b'{"rows": ["ab"]}',
        b'{"rows": [[1]]}',
        b'{"rows": [["\\ud800"]]}',
        b'{"rows": [], "header": "ab"}',
        b'{"rows": [], "title": null}',
        b"\xff",
    ],
)
def test_anything_else_is_refused_with_the_name_of_the_file(data):
    with pytest.raises(SchemaError, match=r"^a\.table\.json: not a table"):
        decode_table_file(data, "a.table.json")
