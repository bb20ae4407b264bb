"""The manifest holds all rows of the shards and of the plan, sorted, however few are in memory at a time."""

from __future__ import annotations

from collections import Counter

import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest

from pipelines.corpus import manifest
from pipelines.corpus.claim import read_plan
from pipelines.corpus.manifest import write_manifest
from pipelines.corpus.store import CorpusStore
from pipelines.report.counting import IS_OK, count_values
from schemas import MANIFEST_SCHEMA, PLAN_SCHEMA, CorpusIndex
from tests.support.corpora import write_corpus

ORDER = [("uri", "ascending"), ("page", "ascending")]


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    directory = tmp_path_factory.mktemp("manifest") / "out"
    write_corpus(directory, pages=40, shards=7, words=20, bad_pages=6, bad_documents=5, long_side=128)
    return directory


def merged(corpus, scratch, **options):
    index = CorpusIndex.read(corpus)
    plan = read_plan(CorpusStore(str(corpus))).sort_by("uri")
    names = [shard.name for shard in index.shards]
    path, shards = write_manifest(plan, names, CorpusStore(str(corpus)), scratch, **options)
    assert tuple(shards) == index.shards
    return path


@pytest.mark.parametrize("part_rows", [1, 5, 1000])
def test_all_rows_are_in_order_however_few_are_sorted_at_a_time(corpus, tmp_path, part_rows):
    expected = pq.read_table(corpus / "manifest.parquet").sort_by(ORDER)
    found = pq.read_table(merged(corpus, tmp_path, part_rows=part_rows))
    assert found.schema.equals(MANIFEST_SCHEMA)
    assert found.equals(expected)


def test_the_bytes_do_not_depend_on_threads_and_group_size(corpus, tmp_path, monkeypatch):
    written = []
    for readers, sorters, group in ((1, 1, 1), (16, 5, 512)):
        monkeypatch.setattr(manifest, "READERS", readers)
        monkeypatch.setattr(manifest, "SORTERS", sorters)
        monkeypatch.setattr(manifest, "GROUP_SHARDS", group)
        written.append(merged(corpus, tmp_path, part_rows=5).read_bytes())
    assert written[0] == written[1]


def test_only_the_manifest_is_left_in_the_scratch_directory(corpus, tmp_path):
    path = merged(corpus, tmp_path, part_rows=5)
    assert list(tmp_path.iterdir()) == [path]


def test_values_are_counted_without_the_other_columns(corpus, tmp_path):
    written = ds.dataset(merged(corpus, tmp_path))
    rows = pq.read_table(corpus / "manifest.parquet").to_pylist()
    assert count_values(written, "status") == Counter(row["status"] for row in rows)
    assert count_values(written, "language", IS_OK) == {"en": 40}


def test_the_manifest_of_a_corpus_without_shards_has_the_rows_of_its_documents(tmp_path):
    row = {"uri": "a.pdf", "sha256": "ab" * 32, "pages": 0, "bytes": 9, "status": "corrupt", "detail": "x" * 999}
    plan = pa.Table.from_pylist([row], PLAN_SCHEMA)
    path, shards = write_manifest(plan, [], CorpusStore(str(tmp_path)), tmp_path)
    (found,) = pq.read_table(path).to_pylist()
    assert shards == []
    assert (found["key"], found["page"], found["status"]) == ("ab" * 8 + "-00000", 0, "corrupt")
    assert found["detail"] == "x" * 300 and found["shard"] == "" and found["words"] == 0
