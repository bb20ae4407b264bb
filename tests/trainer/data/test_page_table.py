"""The table of the pages of a corpus, read from its manifest."""

from __future__ import annotations

import hashlib
import io
from collections import Counter

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas import MANIFEST_SCHEMA, Corpus, PageStatus, SchemaError
from tests.support.corpora import failed_row, write_corpus
from trainer.data.page_table import PageTable, read_page_table


def _read(rows: list[dict], shards: list[str]) -> PageTable:
    file = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(rows, MANIFEST_SCHEMA), file)
    file.seek(0)
    return read_page_table(file, shards, "manifest.parquet")


def _page(sha256: str, page: int, shard: str, tokens: int = 5) -> dict:
    return failed_row("a.pdf", sha256, page, page, PageStatus.OK, "", shard) | {"tokens": tokens}


def _keys(table: PageTable) -> list[str]:
    return [table.key(row) for row in range(len(table))]


def test_the_table_has_every_sample_of_a_corpus_with_its_shard_and_length(tmp_path):
    index = write_corpus(tmp_path / "OUT", pages=11, shards=3, words=20, long_side=64)
    corpus, names = Corpus(tmp_path / "OUT"), [shard.name for shard in index.shards]
    with (tmp_path / "OUT" / "manifest.parquet").open("rb") as manifest:
        table = read_page_table(manifest, names, "manifest.parquet")
    assert sorted(_keys(table)) == sorted(corpus.key(i) for i in range(len(corpus)))
    for row in range(len(table)):
        sample = corpus.shards[table.shard(row)].sample_of(table.key(row))
        assert len(sample.tokens) == table.tokens[row]


documents = st.text("0123456789abcdef", min_size=64, max_size=64)


@given(st.lists(st.tuples(documents, st.integers(1, 200_000), st.sampled_from("abc")), max_size=20))
def test_keys_are_the_same_as_in_the_manifest(pages):
    table = _read([_page(*page) for page in pages], ["a", "b", "c"])
    assert sorted(_keys(table)) == sorted(f"{sha256[:16]}-{page:05d}" for sha256, page, _ in pages)
    assert table.bounds.tolist() == [sum(shard < name for *_, shard in pages) for name in "abcd"]


def test_pages_without_a_sample_are_left_out():
    blank = failed_row("b.pdf", "ab" * 32, 1, 1, PageStatus.BLANK, "no ink", "a")
    assert _keys(_read([_page("cd" * 32, 1, "a"), blank], ["a"])) == ["cdcdcdcdcdcdcdcd-00001"]


@given(st.lists(documents, min_size=1, max_size=30), st.floats(0, 0.99))
def test_a_document_is_held_out_if_its_hash_is_below_the_share(hashes, share):
    table = _read([_page(sha256, page, "a") for sha256 in set(hashes) for page in (1, 2)], ["a"])
    train, held_out = table.split(share)
    assert sorted(_keys(train) + _keys(held_out)) == sorted(_keys(table))
    assert all(int(key[:16], 16) < share * 2**64 for key in _keys(held_out))
    assert all(int(key[:16], 16) >= share * 2**64 for key in _keys(train))


def test_both_parts_of_a_split_keep_their_shards_and_lengths():
    hashes = {"1": "b", "2": "a", "8": "a", "9": "b"}
    rows = [_page(digit * 64, 1, shard, int(digit)) for digit, shard in hashes.items()]
    train, held_out = _read(rows, ["a", "b"]).split(0.5)
    assert [train.shard(row) for row in range(2)] == [held_out.shard(row) for row in range(2)] == [0, 1]
    assert (train.tokens.tolist(), held_out.tokens.tolist()) == ([8, 9], [2, 1])


def test_a_shard_that_is_not_in_the_index_is_refused():
    with pytest.raises(SchemaError, match=r"manifest\.parquet has pages in shards that are not in the index"):
        _read([_page("ab" * 32, 1, "z")], ["a"])


def test_a_file_that_is_not_parquet_is_refused_and_named():
    with pytest.raises(SchemaError, match=r"manifest\.parquet cannot be read"):
        read_page_table(io.BytesIO(b"nothing"), ["a"], "manifest.parquet")


@settings(max_examples=30)
@given(st.lists(st.tuples(documents, st.integers(1, 200_000)), unique=True, max_size=20), st.randoms(), st.data())
def test_the_chosen_pages_do_not_depend_on_the_shards(pages, random, data):
    most = data.draw(st.integers(0, 20))
    chosen = []
    for _ in range(2):
        table = _read([_page(*page, random.choice("abc")) for page in pages], ["a", "b", "c"])
        chosen.append([table.key(row) for row in table.scattered(most)])
    assert chosen[0] == chosen[1]
    assert len(set(chosen[0])) == min(most, len(pages))


def test_each_document_has_its_share_of_the_chosen_pages():
    sizes = {hashlib.sha256(bytes([number])).hexdigest(): 10 * number for number in range(1, 21)}
    table = _read([_page(sha256, page, "a") for sha256, size in sizes.items() for page in range(1, size + 1)], ["a"])
    chosen = Counter(table.key(row).partition("-")[0] for row in table.scattered(len(table) // 5))
    for sha256, size in sizes.items():
        assert abs(chosen[sha256[:16]] - size / 5) <= 3
