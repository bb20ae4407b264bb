"""Random access gives the bytes that tarfile gives, in any order, from any process. Errors name the damaged file."""

from __future__ import annotations

import multiprocessing
import os
import pickle
import resource
import shutil
import subprocess
import sys
import tarfile
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from schemas import Corpus, CorpusIndex, FolioError, SchemaError, UsageError, cell_of
from schemas.reader import MEMBERS

GARBAGE = bytes(range(256)) * 40


def sequentially(corpus_dir):
    """Yields key and members of each sample, shard after shard, as read by tarfile."""
    for shard in CorpusIndex.read(corpus_dir).shards:
        samples = {}
        with tarfile.open(corpus_dir / "shards" / f"{shard.name}.tar") as tar:
            for info in tar:
                key, _, member = info.name.partition(".")
                samples.setdefault(key, {})[member] = tar.extractfile(info).read()
        yield from samples.items()


def read_in_child(corpus, index):
    return corpus.key(index), corpus[index].tokens.sum()


@pytest.fixture
def damaged(corpus_dir, tmp_path):
    """A copy of the corpus that a test can damage."""
    return shutil.copytree(corpus_dir, tmp_path / "OUT")


@pytest.fixture
def first_shard(damaged):
    return damaged / "shards" / "corpus-00000.tar"


def test_random_access_and_sequential_reading_give_the_same_samples(corpus_dir):
    corpus, expected = Corpus(corpus_dir), list(sequentially(corpus_dir))
    assert len(corpus) == len(expected) == 11
    for i in np.random.default_rng(0).permutation(len(corpus)):
        key, members = expected[i]
        sample = corpus[i]
        assert (sample.key, sample.jpg, sample.json) == (key, members["jpg"], members["json"])
        assert corpus.key(i) == key
        assert {name: corpus.read(i, name) for name in MEMBERS} == members


def test_a_corpus_can_be_iterated_like_any_sequence(corpus_dir):
    corpus = Corpus(corpus_dir)
    assert [sample.key for sample in corpus] == [key for key, _ in sequentially(corpus_dir)]


def test_tokens_refer_to_the_words_lines_and_cells_of_their_page(corpus_dir):
    corpus = Corpus(corpus_dir)
    for sample in corpus:
        page = sample.page()
        assert page.key == sample.key
        token_id, word, line, cell, *_ = sample.tokens.T
        boxes = np.array([page.words[i].box for i in word])
        np.testing.assert_array_equal(sample.tokens[:, 4:], boxes)
        np.testing.assert_array_equal(line, [page.words[i].line for i in word])
        np.testing.assert_array_equal(cell, cell_of(boxes, corpus.index.grid_rows, corpus.index.grid_cols))
        assert token_id.max() < corpus.index.tokenizer.vocab_size


@pytest.mark.parametrize("index", [-1, 11, 10**9])
def test_an_index_outside_the_corpus_is_an_index_error(corpus_dir, index):
    with pytest.raises(IndexError, match="the corpus has 11 samples"):
        Corpus(corpus_dir)[index]


def test_a_corpus_can_be_pickled_before_and_after_reading(corpus_dir):
    corpus = Corpus(corpus_dir)
    fresh = pickle.loads(pickle.dumps(corpus))
    used = pickle.loads(pickle.dumps((corpus[3], corpus)[1]))
    assert fresh[3].jpg == used[3].jpg == corpus[3].jpg


def test_spawned_processes_read_the_same_samples(corpus_dir):
    corpus = Corpus(corpus_dir)
    with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("spawn")) as pool:
        found = list(pool.map(partial(read_in_child, corpus), range(len(corpus))))
    assert found == [(corpus.key(i), corpus[i].tokens.sum()) for i in range(len(corpus))]


def test_a_corpus_may_have_more_shards_than_a_process_may_open_files(corpus_dir):
    corpus = Corpus(corpus_dir)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with Path(os.devnull).open():
        with Path(os.devnull).open() as second:  # its descriptor is the next free one after the first file
            one_free_descriptor = second.fileno() + 1
        resource.setrlimit(resource.RLIMIT_NOFILE, (one_free_descriptor, hard))
        try:
            keys = [sample.key for sample in corpus]
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert len(keys) == 11


def test_a_directory_without_a_corpus_is_a_usage_error(tmp_path):
    with pytest.raises(UsageError, match=f"{tmp_path}/nowhere"):
        Corpus(tmp_path / "nowhere")


def test_the_error_names_a_missing_shard_and_other_shards_can_be_read(damaged, first_shard):
    first_shard.unlink()
    corpus = Corpus(damaged)
    with pytest.raises(SchemaError, match=rf"{first_shard} .*fetch or build its shard again"):
        corpus[0]
    assert corpus[len(corpus) - 1].page().words


def test_the_error_names_a_shard_that_is_deleted_after_it_was_read(damaged, first_shard):
    corpus = Corpus(damaged)
    assert corpus[0].jpg
    first_shard.unlink()
    with pytest.raises(SchemaError, match=f"{first_shard} cannot be read"):
        corpus[0]


@pytest.mark.parametrize("content", [b"", GARBAGE, b"\x1f\x8b" + GARBAGE], ids=["empty", "garbage", "gzip"])
def test_the_error_names_a_shard_that_is_not_a_tar(damaged, first_shard, content):
    first_shard.write_bytes(content)
    with pytest.raises(SchemaError, match=f"{first_shard} "):
        Corpus(damaged)[0]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.floats(0, 1, exclude_max=True))
def test_the_error_names_a_shard_truncated_before_the_end_of_its_last_member(corpus_dir, damaged, first_shard, share):
    whole = (corpus_dir / "shards" / first_shard.name).read_bytes()
    first_shard.write_bytes(whole[: int(len(whole.rstrip(b"\0")) * share)])
    corpus = Corpus(damaged)
    with pytest.raises(SchemaError, match=f"{first_shard} "):
        corpus[0]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_a_damaged_tar_header_gives_samples_or_an_error_that_names_the_shard(corpus_dir, damaged, first_shard, data):
    whole = bytearray((corpus_dir / "shards" / first_shard.name).read_bytes())
    with tarfile.open(corpus_dir / "shards" / first_shard.name) as tar:
        header = data.draw(st.sampled_from([info.offset for info in tar]))
    whole[header + data.draw(st.integers(0, 511))] ^= data.draw(st.integers(1, 255))
    first_shard.write_bytes(whole)
    try:
        assert Corpus(damaged)[0].jpg
    except FolioError as error:
        assert str(first_shard) in str(error)


def test_the_error_names_shard_and_member_if_a_shard_is_truncated_while_in_use(damaged, first_shard):
    corpus = Corpus(damaged)
    assert corpus[3].jpg
    first_shard.write_bytes(first_shard.read_bytes()[:1000])
    with pytest.raises(SchemaError, match=rf"{first_shard} ends inside {corpus.key(3)}\.jpg"):
        corpus[3]


def test_the_error_names_the_missing_member_of_a_sample(damaged, first_shard):
    with tarfile.open(first_shard, "w") as tar:
        tar.add(damaged / "index.json", "0123-00001.json")
    with pytest.raises(SchemaError, match=rf"{first_shard} has a sample without its 'jpg' member"):
        Corpus(damaged)[0]


@pytest.mark.parametrize(("member", "start"), [("json", b'{"doc_sha256"'), ("tokens.npy", b"\x93NUMPY")])
def test_the_error_names_key_and_type_of_a_damaged_member(damaged, first_shard, member, start):
    first_shard.write_bytes(first_shard.read_bytes().replace(start, b"?" * len(start)))
    corpus = Corpus(damaged)
    with pytest.raises(SchemaError, match=rf"{corpus.key(0)}\.{member}"):
        corpus[0].page()


def test_reading_a_corpus_imports_no_heavy_library(corpus_dir):
    program = (
        "import sys; from schemas import Corpus; Corpus(sys.argv[1])[0].page();"
        "heavy = {'torch', 'apache_beam', 'webdataset', 'cv2', 'PIL', 'pandas', 'sentencepiece', 'tokenizers'};"
        "sys.exit(', '.join(heavy & sys.modules.keys()) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", program, corpus_dir], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
