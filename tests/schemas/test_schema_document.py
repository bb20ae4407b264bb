"""docs/schema.md agrees with the code: its tables name every field, and its example and its snippets are correct."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

import datasets
import numpy as np
import pytest

from schemas import MANIFEST_SCHEMA, PLAN_SCHEMA, CorpusIndex, Page, PageStatus, cell_of, load_tokenizer

DOCUMENT = Path(__file__).parents[2] / "docs" / "schema.md"
TEXT = DOCUMENT.read_text(encoding="utf-8")


def rows_under(heading):
    """The rows of the first table after a heading, without the header row."""
    after = TEXT[TEXT.index(f"{heading}\n") :]
    table = re.search(r"(?:^\|.*\n)+", after, re.MULTILINE).group()
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines()[2:]]


def names_in(rows, column=0):
    return [name for row in rows for name in re.findall(r"`([\w.]+)`", row[column])]


@pytest.mark.parametrize(
    ("heading", "schema"),
    [("## `manifest.parquet` and `shards/*.parquet`", MANIFEST_SCHEMA), ("## `plan.parquet`", PLAN_SCHEMA)],
)
def test_the_tables_list_the_columns_of_the_schemas(heading, schema):
    described = {name: row[1] for row in rows_under(heading) for name in names_in([row])}
    actual = {field.name: str(field.type).replace("float", "float32") for field in schema}
    assert described == actual
    assert list(described) == schema.names


def test_every_key_of_a_page_is_described():
    described = names_in(rows_under("### `json`"))
    nested = ["words.text", "words.box", "words.score", "words.line", "words.source", "lines.box", "schema_version"]
    assert described == [field.name for field in fields(Page) if field.name not in ("words", "lines")] + nested


def test_every_key_of_the_index_is_described():
    assert sorted(names_in(rows_under("## `index.json`"))) == sorted(field.name for field in fields(CorpusIndex))


def test_every_status_is_described():
    assert names_in(rows_under("`status` is one of a closed list:")) == [status.value for status in PageStatus]


def test_the_example_has_the_values_of_the_tokenizer_and_the_grid():
    example = [[int(cell) for cell in row[:8]] for row in rows_under("### An example")]
    boxes = np.array([[92, 610, 168, 634], [841, 611, 905, 633]])
    total, price = load_tokenizer().encode_words(["Total", "$4.32"])
    cells = cell_of(boxes, 4, 4)
    rows = [(token, 11, 3, cells[0], *boxes[0]) for token in total]
    rows += [(token, 12, 3, cells[1], *boxes[1]) for token in price]
    np.testing.assert_array_equal(example, rows)


def test_the_snippets_run(corpus_dir, tmp_path, monkeypatch, capsys):
    (tmp_path / "OUT").symlink_to(corpus_dir)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "cache")
    names = {}
    for code in re.findall(r"^```python\n(.*?)^```$", TEXT, re.DOTALL | re.MULTILINE):
        exec(compile(code, str(DOCUMENT), "exec"), names)
    assert len(names["rows"]) == len(names["corpus"]) == 11
    assert capsys.readouterr().out.count("\n") > 3
