"""What is refused before a run starts, and with which words."""

from __future__ import annotations

import json
import logging
import os
import shlex

import gcsfs
import pytest
import sentencepiece

from tests.clusters.google import Forbidding, serving
from tests.support.commands import run_module
from tests.support.corpora import write_corpus
from trainer.pretrain import main


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    path = tmp_path_factory.mktemp("corpus") / "OUT"
    write_corpus(path, pages=9, words=10, long_side=64)
    return path


@pytest.fixture
def refused(tmp_path, caplog):
    """Runs the command line in this process, which no rank leaves to train, and returns exit code and message."""

    def attempt(corpus, *words: str) -> tuple[int, str]:
        with caplog.at_level(logging.INFO, "trainer"):
            code = main(["--corpus", str(corpus), "--output", str(tmp_path / "RUN"), "--model", "tiny", *words])
        assert not (tmp_path / "RUN").exists()
        return code, caplog.messages[-1]

    return attempt


def test_a_directory_without_a_corpus(refused, tmp_path):
    code, message = refused(tmp_path)
    assert code == 2
    assert message.startswith(f"error: {tmp_path} holds no index.json")


def test_a_corpus_that_does_not_answer(refused):
    code, message = refused("http://localhost:1/OUT")
    assert code == 2
    assert message.startswith("error: --corpus http://localhost:1/OUT cannot be reached (")


def test_a_kind_of_url_that_nothing_knows(refused):
    code, message = refused("foo://x/y")
    assert code == 2
    assert message.startswith("error: --corpus foo://x/y: Protocol not known: foo")


def test_a_bucket_that_asks_for_credentials_where_there_are_none(refused, monkeypatch, tmp_path):
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, str(tmp_path / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    code, message = refused("s3://bucket/OUT")
    assert code == 2
    assert message.startswith("error: --corpus s3://bucket/OUT cannot be reached (NoCredentialsError: ")
    assert "check it; `aws configure` logs in" in message


def test_a_bucket_that_lets_nobody_in_is_a_sentence_and_no_more(refused, monkeypatch, caplog):
    gcsfs.GCSFileSystem.clear_instance_cache()
    with serving(Forbidding) as address:
        monkeypatch.setenv("STORAGE_EMULATOR_HOST", address)
        code, message = refused("gs://bucket/OUT")
    gcsfs.GCSFileSystem.clear_instance_cache()
    assert code == 2
    assert message.startswith("error: --corpus gs://bucket/OUT cannot be reached (")
    assert message.endswith(": check it; `gcloud auth application-default login` logs in.")
    assert [record.message for record in caplog.records if not record.name.startswith("google")] == [message]


def test_a_cache_that_is_too_small_for_what_is_read_at_a_time(refused, corpus):
    url = f"file://{corpus}"
    code, message = refused(url, "--cache_gb", "0.000001", "--global_batch", "4")
    assert code == 2
    assert message.startswith("error: --cache_gb 1e-06 is too little for 2 x --shuffle_shards 64")
    assert message.endswith("give at least 0.1, or lower --shuffle_shards.")


@pytest.mark.parametrize("inside", ["", "folder"])
def test_a_cache_that_cannot_be_a_directory(refused, corpus, tmp_path, inside):
    (tmp_path / "file").write_text("in the way")
    code, message = refused(f"file://{corpus}", "--cache_dir", str(tmp_path / "file" / inside), "--global_batch", "4")
    assert code == 2
    assert message.startswith(f"error: --cache_dir {tmp_path / 'file' / inside} cannot be created: ")


def test_a_cache_that_cannot_be_written_into(refused, corpus):
    code, message = refused(f"file://{corpus}", "--cache_dir", "/proc", "--global_batch", "4")
    assert code == 2
    assert message.startswith("error: --cache_dir /proc cannot be written into (")


def test_a_cache_in_the_home_of_nobody(refused, corpus):
    code, message = refused(f"file://{corpus}", "--cache_dir", "~nobody-of-this-name/cache", "--global_batch", "4")
    assert code == 2
    assert message.startswith("error: --cache_dir ~nobody-of-this-name/cache: ")


def test_a_local_corpus_needs_no_cache(refused, corpus, monkeypatch):
    monkeypatch.setenv("WORLD_SIZE", "2")
    said = "error: --global_batch 3 is no multiple of the 2 ranks"  # which is looked at after the cache
    words = ["--cache_dir", "/proc/none", "--cache_gb", "0", "--global_batch", "3"]
    assert refused(corpus, *words)[1].startswith(said)
    assert refused(f"file://{corpus}", *words)[1].startswith("error: --cache_gb 0 is too little")


def test_weights_for_some_corpora_only(refused, corpus):
    code, message = refused(f"{corpus}:0.5", "--corpus", str(corpus))
    assert code == 2
    assert message == f"error: --corpus: give a weight to each or to none, got {corpus}:0.5, {corpus}"


def test_corpora_on_different_grids(refused, corpus, tmp_path):
    write_corpus(tmp_path / "other", pages=3, words=5, long_side=64, grid=(2, 2))
    code, message = refused(corpus, "--corpus", str(tmp_path / "other"))
    assert code == 2
    assert "were built on different grids" in message


def test_a_corpus_that_is_named_twice(refused, corpus):
    code, message = refused(f"{corpus}:1", "--corpus", f"file://{corpus}/:2")
    assert code == 2
    assert message.startswith(f"error: --corpus {corpus} and --corpus file://{corpus}/ are the same corpus: ")


def test_a_share_that_holds_out_every_page(refused, corpus):
    code, message = refused(corpus, "--val_share", "0.999999")
    assert code == 2
    assert message == f"error: --val_share 0.999999 holds out all 9 pages of {corpus}: lower it."


def test_a_corpus_of_a_newer_schema(refused, tmp_path):
    write_corpus(tmp_path / "OUT", pages=3, words=5, long_side=64)
    index = tmp_path / "OUT" / "index.json"
    index.write_text(json.dumps(json.loads(index.read_text()) | {"schema_version": 99}))
    code, message = refused(tmp_path / "OUT")
    assert code == 1
    assert "schema version 99" in message
    assert "upgrade folio" in message


def test_a_corpus_made_with_another_tokenizer_is_refused_with_the_command_that_makes_it_fit(refused, corpus, tmp_path):
    text = tmp_path / "text.txt"
    text.write_text("\n".join(f"word{i} total amount {i}" for i in range(200)))
    sentencepiece.SentencePieceTrainer.train(input=str(text), model_prefix=str(tmp_path / "own"), vocab_size=60)
    code, message = refused(corpus, "--tokenizer", str(tmp_path / "own.model"))
    assert code == 2
    assert "was built with the tokenizer t5" in message
    assert "pass --tokenizer t5, or make a corpus for it: python -m pipelines.retokenize" in message
    command = shlex.split(message.partition(": python -m ")[2])
    assert run_module(*command).returncode == 0
    words = ["--tokenizer", str(tmp_path / "own.model"), "--global_batch", "0"]
    assert "tokenizer" not in refused(f"{corpus}-retokenized", *words)[1]


def test_an_unknown_tokenizer_is_named_with_what_it_may_be(refused, corpus, tmp_path):
    code, message = refused(corpus, "--tokenizer", f"{tmp_path}/missing.model")
    assert code == 2
    assert message.startswith(f"error: --tokenizer {tmp_path}/missing.model: no such file or directory here")
    for kind in ("a SentencePiece model", "a tokenizer.json", "a name on the Hugging Face hub"):
        assert kind in message


def test_a_corpus_without_a_usable_page(refused, tmp_path):
    write_corpus(tmp_path / "OUT", pages=0, shards=1)
    code, message = refused(tmp_path / "OUT")
    assert code == 2
    assert "holds no usable page" in message


@pytest.mark.parametrize("more", [(), ("--dry_run",)])
@pytest.mark.parametrize(
    ("output", "said"),
    [
        ("file", "--output file cannot be created (file is a file): name another directory."),
        ("file/RUN", "file is a file): name another directory."),
        ("x" * 300, "cannot be created (File name too long): name another directory."),
        ("gs://bucket/RUN", "--output gs://bucket/RUN is remote, a run writes to a local directory"),
        ("OUT", "--output OUT is a corpus: name another directory, which need not exist."),
    ],
)
def test_an_output_that_no_run_can_have(corpus, tmp_path, caplog, monkeypatch, output, said, more):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").write_text("in the way")
    (tmp_path / "OUT").symlink_to(corpus)
    words = ["--corpus", str(corpus), "--output", output, "--model", "tiny", "--global_batch", "4", *more]
    assert main(words) == 2
    assert said in caplog.messages[-1]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["OUT", "file"]


def test_an_unknown_model_size(refused, corpus):
    assert refused(corpus, "--model", "giant") == (
        2,
        "error: --model giant: choose one of tiny, small, base, large",
    )
