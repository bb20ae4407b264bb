"""`pipelines.verify` reports faults in the tables and the index of a corpus, even a single flipped bit."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipelines.verify import main
from schemas import MANIFEST_SCHEMA, CorpusIndex

SHARD = "corpus-00001"


@pytest.mark.parametrize("name", [f"shards/{SHARD}.parquet", "manifest.parquet", "plan.parquet"])
def test_a_table_that_is_missing_or_not_a_parquet_is_reported(corpus, faults_of, name):
    (corpus / name).write_bytes(b"PAR1 and no more")
    assert f"{name}: cannot be read" in faults_of(corpus)
    (corpus / name).unlink()
    assert f"{name}: is missing" in faults_of(corpus)


@pytest.mark.parametrize("name", [f"shards/{SHARD}.parquet", "manifest.parquet", "plan.parquet"])
def test_a_table_with_other_columns_is_reported_with_the_column(corpus, faults_of, name):
    table = pq.read_table(corpus / name)
    pq.write_table(table.set_column(0, table.column_names[0], table["uri"].cast(pa.large_string())), corpus / name)
    assert f"{name}: columns differ from the schema's: {table.column_names[0]}" in faults_of(corpus)


@pytest.mark.parametrize("name", [f"shards/{SHARD}.parquet", "manifest.parquet", "plan.parquet"])
def test_a_missing_column_is_reported_by_name(corpus, faults_of, name):
    table = pq.read_table(corpus / name)
    pq.write_table(table.drop(["pages"]), corpus / name)
    assert f"{name}: columns differ from the schema's: pages" in faults_of(corpus)


@pytest.mark.parametrize("name", [f"shards/{SHARD}.parquet", "manifest.parquet", "plan.parquet"])
def test_a_table_with_text_that_is_not_utf8_is_reported(corpus, faults_of, name):
    table = pq.read_table(corpus / name)
    at = table.column_names.index("detail")
    broken = pa.array([b"\xff"] * len(table), pa.binary()).view(pa.string())
    pq.write_table(table.set_column(at, table.field("detail"), broken), corpus / name)
    assert f"{name}: cannot be read: " in faults_of(corpus)


@pytest.mark.parametrize("name", ["index.json", f"shards/{SHARD}.tar"])
def test_any_flipped_bit_in_the_index_or_a_tar_is_found(corpus, name):
    path, draws = corpus / name, random.Random(0)
    for _ in range(25):
        whole = flip(path, draws)
        assert main([str(corpus)]) == 1
        path.write_bytes(whole)


@pytest.mark.parametrize(
    ("name", "columns"),
    [
        (f"shards/{SHARD}.parquet", MANIFEST_SCHEMA.names),
        ("manifest.parquet", MANIFEST_SCHEMA.names),
        ("plan.parquet", ["uri", "sha256", "status"]),  # other columns exist only here, so nothing can check them
    ],
)
def test_a_flipped_bit_in_a_table_is_found_or_changes_no_row(corpus, name, columns):
    path, draws = corpus / name, random.Random(0)
    rows = pq.read_table(path, columns=columns)
    for _ in range(25):
        whole = flip(path, draws)
        assert main([str(corpus)]) == 1 or pq.read_table(path, columns=columns).equals(rows)
        path.write_bytes(whole)


def flip(path: Path, draws: random.Random) -> bytes:
    """Flips one random bit of a file; returns the content before."""
    whole = path.read_bytes()
    damaged = bytearray(whole)
    damaged[draws.randrange(len(whole))] ^= 1 << draws.randrange(8)
    path.write_bytes(damaged)
    return whole


def test_a_parquet_of_another_tar_is_reported(corpus, faults_of):
    path = corpus / "shards" / f"{SHARD}.parquet"
    table = pq.read_table(path)
    pq.write_table(table.replace_schema_metadata({**table.schema.metadata, b"shard_sha256": b"00"}), path)
    assert f"shards/{SHARD}.parquet: metadata shard_sha256 is '00', but index.json says" in faults_of(corpus)


def test_a_parquet_that_lacks_a_row_is_reported(corpus, faults_of):
    path = corpus / "shards" / f"{SHARD}.parquet"
    table = pq.read_table(path)
    pq.write_table(table.slice(1), path)
    assert f"shards/{SHARD}.parquet: 3 rows, but index.json says 4 pages" in faults_of(corpus)


def edit_manifest(corpus_dir: Path, edit: Callable[[list[dict]], object]) -> None:
    rows = pq.read_table(corpus_dir / "manifest.parquet").to_pylist()
    edit(rows)
    pq.write_table(pa.Table.from_pylist(rows, MANIFEST_SCHEMA), corpus_dir / "manifest.parquet")


@pytest.mark.parametrize(
    ("edit", "fault"),
    [
        pytest.param(
            lambda rows: rows.pop(0), "page 1: the manifest lacks this row of the shards' parquets", id="page lost"
        ),
        pytest.param(lambda rows: rows.pop(), "the manifest lacks this row of plan.parquet", id="document lost"),
        pytest.param(lambda rows: rows.append(rows[0]), "2 rows with this key", id="page twice"),
        pytest.param(
            lambda rows: rows[0].update(page=99),
            "page 99: this row is not in the shards'",
            id="page that does not exist",
        ),
        pytest.param(lambda rows: rows[0].update(words=0), "in words (0, not", id="other count"),
        pytest.param(
            lambda rows: rows[0].update(status="fine"), "'fine' is not a value of PageStatus", id="unknown status"
        ),
    ],
)
def test_a_manifest_that_differs_from_its_shards_is_reported_per_row(corpus, faults_of, edit, fault):
    edit_manifest(corpus, edit)
    assert any(line.startswith("manifest.parquet: ") and fault in line for line in faults_of(corpus).splitlines())


def test_a_planned_page_without_a_row_is_reported(corpus, faults_of):
    plan = pq.read_table(corpus / "plan.parquet").to_pylist()
    plan[0]["pages"] += 1
    pq.write_table(pa.Table.from_pylist(plan, pq.read_schema(corpus / "plan.parquet")), corpus / "plan.parquet")
    assert f"plan.parquet: {plan[0]['uri']}: 4 pages, but the manifest has 3 from 1 to 3" in faults_of(corpus)


def test_a_wrong_total_is_reported(corpus, faults_of):
    index = CorpusIndex.read(corpus)
    replace(index, totals=index.totals | {"words": 1}).write(corpus)
    assert "index.json: totals.words is 1, but the corpus has" in faults_of(corpus)


def with_shard(**facts: object) -> Callable[[CorpusIndex], CorpusIndex]:
    return lambda index: replace(index, shards=(index.shards[0], replace(index.shards[1], **facts)))


def with_tokenizer(**facts: object) -> Callable[[CorpusIndex], CorpusIndex]:
    return lambda index: replace(index, tokenizer=replace(index.tokenizer, **facts))


@pytest.mark.parametrize(
    ("edit", "fault"),
    [
        pytest.param(with_shard(samples=2), "3 rows are ok, but index.json says 2 samples", id="samples of a shard"),
        pytest.param(with_shard(pages=9), "4 rows, but index.json says 9 pages", id="pages of a shard"),
        pytest.param(with_shard(bytes=1), "bytes, but index.json says 1", id="bytes of a shard"),
        pytest.param(with_shard(sha256="0" * 64), "index.json says 0000", id="digest of a shard"),
        pytest.param(
            lambda i: replace(i, shards=i.shards[:1]), "corpus-00001.tar: is not in index.json", id="left out"
        ),
        pytest.param(
            lambda i: replace(i, shards=(*i.shards, i.shards[1])), "shard corpus-00001 is listed 2 times", id="twice"
        ),
        pytest.param(with_tokenizer(sha256="0" * 64), "the packaged one is", id="digest of the tokenizer"),
        pytest.param(with_tokenizer(vocab_size=40_000), "the packaged one is", id="size of the tokenizer"),
        pytest.param(
            with_tokenizer(name="own.model", sha256="0" * 64), "config.tokenizer_sha256 is", id="other tokenizer"
        ),
        pytest.param(
            lambda i: replace(i, grid_rows=5), "config.grid_rows is 4, but the corpus says 5", id="other grid"
        ),
        pytest.param(lambda i: replace(i, config={**i.config, "dpi": 1}), "fingerprint is", id="settings changed"),
        pytest.param(
            lambda i: replace(i, token_columns=i.token_columns[::-1]),
            "token_columns are y1,",
            id="columns reversed",
        ),
    ],
)
def test_an_edited_index_is_reported(corpus, faults_of, edit, fault):
    edit(CorpusIndex.read(corpus)).write(corpus)
    assert fault in faults_of(corpus)


def test_two_documents_with_the_same_name_are_two_documents(corpus, faults_of):
    """Joining corpora of two machines can give such a plan."""
    plan = pq.read_table(corpus / "plan.parquet").to_pylist()
    plan.append({**plan[0], "sha256": "0" * 64})
    pq.write_table(pa.Table.from_pylist(plan, pq.read_schema(corpus / "plan.parquet")), corpus / "plan.parquet")
    faults = faults_of(corpus)
    assert f"plan.parquet: {plan[0]['uri']}: 3 pages, but the manifest has 0 from 0 to 0" in faults
    assert faults.count("\n") == 3  # the other two: the number of documents, and what to do
