"""`index.json` is written, read and checked."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas import SCHEMA_VERSION, TOKEN_COLUMNS, CorpusIndex, SchemaError, ShardInfo, TokenizerInfo, UsageError

names = st.text(st.characters(exclude_categories=("Cs",)), min_size=1, max_size=30)
counts = st.integers(0, 2**53)
digests = st.binary(min_size=32, max_size=32).map(bytes.hex)
settings_values = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | names | st.lists(names)
indexes = st.builds(
    CorpusIndex,
    config=st.dictionaries(names, settings_values),
    fingerprint=digests,
    tokenizer=st.builds(TokenizerInfo, names, digests, counts),
    grid_rows=st.integers(1, 64),
    grid_cols=st.integers(1, 64),
    shards=st.lists(st.builds(ShardInfo, names, counts, counts, counts, digests)).map(tuple),
    totals=st.dictionaries(names, counts | st.dictionaries(names, counts)),
)


def rewritten(corpus_dir, tmp_path, **values):
    """Writes the index of a corpus with some values changed, and returns its directory."""
    record = json.loads((corpus_dir / "index.json").read_bytes()) | values
    (tmp_path / "index.json").write_text(json.dumps(record), encoding="utf-8")
    return tmp_path


@given(indexes)
def test_an_index_is_unchanged_after_encoding_and_decoding(index):
    assert CorpusIndex.from_json(index.to_json()) == index


@given(index=indexes)
def test_an_index_is_unchanged_after_writing_and_reading(index, tmp_path_factory):
    directory = tmp_path_factory.mktemp("index")
    index.write(directory)
    assert CorpusIndex.read(directory) == index
    assert [path.name for path in directory.iterdir()] == ["index.json"]


@given(indexes)
def test_an_index_is_json_and_names_the_token_columns(index):
    record = json.loads(index.to_json())
    assert record["schema_version"] == SCHEMA_VERSION
    assert record["token_columns"] == list(TOKEN_COLUMNS)
    assert [shard["name"] for shard in record["shards"]] == [shard.name for shard in index.shards]


def test_a_directory_without_an_index_is_a_usage_error_that_names_the_directory(tmp_path):
    with pytest.raises(UsageError, match=rf"{tmp_path} holds no index\.json.*build_corpus"):
        CorpusIndex.read(tmp_path)


def test_the_error_for_the_next_schema_version_says_to_upgrade(corpus_dir, tmp_path):
    newer = rewritten(corpus_dir, tmp_path, schema_version=SCHEMA_VERSION + 1, a_field_of_the_future={})
    with pytest.raises(SchemaError, match=rf"index\.json has schema version {SCHEMA_VERSION + 1}.*upgrade folio"):
        CorpusIndex.read(newer)


@pytest.mark.parametrize("version", [0, None, "one"])
def test_the_error_for_any_other_schema_version_says_to_build_again(corpus_dir, tmp_path, version):
    with pytest.raises(SchemaError, match=r"index\.json has schema version .*build the corpus again"):
        CorpusIndex.read(rewritten(corpus_dir, tmp_path, schema_version=version))


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{}",
        b"[]",
        b"null",
        b'"index"',
        b"\xff\xfe\x00garbage",
        b'{"schema_version": 1}',
        b'{"schema_version": 1, "sh',
    ],
)
def test_the_error_names_a_file_that_is_not_an_index(tmp_path, content):
    (tmp_path / "index.json").write_bytes(content)
    with pytest.raises(SchemaError, match=rf"{tmp_path}/index\.json is not the index of a corpus"):
        CorpusIndex.read(tmp_path)


@pytest.mark.parametrize("values", [{"shards": [{"name": "corpus-00000"}]}, {"tokenizer": "t5"}, {"shards": 3}])
def test_the_error_names_an_index_with_a_damaged_part(corpus_dir, tmp_path, values):
    with pytest.raises(SchemaError, match=r"index\.json is not the index of a corpus"):
        CorpusIndex.read(rewritten(corpus_dir, tmp_path, **values))
