"""Tests of everything that is refused before a run starts, and of the messages."""

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
from trainer.data.corpora import open_corpora
from trainer.pretrain import main
from trainer.run.setup import prepare, pretraining
from trainer.settings.reading.loading import load_config, to_yaml
from trainer.settings.reading.pretrain_command import parse_command_line


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    path = tmp_path_factory.mktemp("corpus") / "OUT"
    write_corpus(path, pages=9, words=10, long_side=64)
    return path


@pytest.fixture
def refused(tmp_path, caplog):
    """Returns a function that runs a wrong command line in this process and returns exit code and message."""

    def attempt(corpus, *words: str) -> tuple[int, str]:
        with caplog.at_level(logging.INFO, "trainer"):
            code = main(["--corpus", str(corpus), "--output", str(tmp_path / "RUN"), "--model", "tiny", *words])
        assert not (tmp_path / "RUN").exists()
        return code, caplog.messages[-1]

    return attempt


def test_a_directory_without_a_corpus_is_refused(refused, tmp_path):
    code, message = refused(tmp_path)
    assert code == 2
    assert message.startswith(f"error: {tmp_path} holds no index.json")


def test_a_file_of_a_corpus_and_a_weight_that_is_no_number_are_refused(refused, corpus):
    assert refused(f"{corpus}/index.json") == (
        2,
        f"error: --corpus {corpus}/index.json is a file: give the folder of a finished corpus.",
    )
    for text in ("x", "half", ""):
        code, message = refused(f"{corpus}:{text}")
        assert code == 2
        assert message.startswith(f"error: --corpus {corpus}:{text}: '{text}' is no weight: write a number above 0")


def test_a_corpus_on_a_server_that_does_not_answer_is_refused(refused):
    code, message = refused("http://localhost:1/OUT")
    assert code == 2
    assert message.startswith("error: --corpus http://localhost:1/OUT cannot be reached (")


def test_a_url_with_an_unknown_protocol_is_refused(refused):
    code, message = refused("foo://x/y")
    assert code == 2
    assert message.startswith("error: --corpus foo://x/y: Protocol not known: foo")


def test_a_bucket_that_needs_missing_credentials_is_refused(refused, monkeypatch, tmp_path):
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, str(tmp_path / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    code, message = refused("s3://bucket/OUT")
    assert code == 2
    assert message.startswith("error: --corpus s3://bucket/OUT cannot be reached (NoCredentialsError: ")
    assert "check it; `aws configure` logs in" in message


def test_a_bucket_that_denies_access_gives_a_single_message(refused, monkeypatch, caplog):
    gcsfs.GCSFileSystem.clear_instance_cache()
    with serving(Forbidding) as address:
        monkeypatch.setenv("STORAGE_EMULATOR_HOST", address)
        code, message = refused("gs://bucket/OUT")
    gcsfs.GCSFileSystem.clear_instance_cache()
    assert code == 2
    assert message.startswith("error: --corpus gs://bucket/OUT cannot be reached (")
    assert message.endswith(": check it; `gcloud auth application-default login` logs in.")
    assert [record.message for record in caplog.records if not record.name.startswith("google")] == [message]


def test_a_cache_that_is_too_small_for_the_shuffled_shards_is_refused(refused, corpus):
    url = f"file://{corpus}"
    code, message = refused(url, "--cache_gb", "0.000001", "--global_batch", "4")
    assert code == 2
    assert message.startswith("error: --cache_gb 1e-06 is too small for 2 x --shuffle_shards 64")
    assert message.endswith("pass at least 0.1, or lower --shuffle_shards.")


@pytest.mark.parametrize("inside", ["", "folder"])
def test_a_cache_that_cannot_be_created_is_refused(refused, corpus, tmp_path, inside):
    (tmp_path / "file").write_text("in the way")
    code, message = refused(f"file://{corpus}", "--cache_dir", str(tmp_path / "file" / inside), "--global_batch", "4")
    assert code == 2
    assert message.startswith(f"error: --cache_dir {tmp_path / 'file' / inside} cannot be created (")
    assert message.endswith("): choose another directory.")


def test_a_cache_that_is_not_writable_is_refused(refused, corpus):
    code, message = refused(f"file://{corpus}", "--cache_dir", "/proc", "--global_batch", "4")
    assert code == 2
    assert message.startswith("error: --cache_dir /proc is not writable (")


def test_a_cache_in_the_home_of_an_unknown_user_is_refused(refused, corpus):
    code, message = refused(f"file://{corpus}", "--cache_dir", "~nobody-of-this-name/cache", "--global_batch", "4")
    assert code == 2
    assert message.startswith("error: --cache_dir ~nobody-of-this-name/cache: ")


def test_a_local_corpus_needs_no_cache(refused, corpus, monkeypatch):
    monkeypatch.setenv("WORLD_SIZE", "2")
    later_error = "error: --global_batch 3 is no multiple of the 2 ranks"  # this check comes after that of the cache
    words = ["--cache_dir", "/proc/none", "--cache_gb", "0", "--global_batch", "3"]
    assert refused(corpus, *words)[1].startswith(later_error)
    assert refused(f"file://{corpus}", *words)[1].startswith("error: --cache_gb 0 is too small")


def test_weights_for_only_some_corpora_are_refused(refused, corpus):
    code, message = refused(f"{corpus}:0.5", "--corpus", str(corpus))
    assert code == 2
    assert message == f"error: --corpus: give a weight to each or to none, got {corpus}:0.5, {corpus}"


def test_corpora_with_different_grids_are_refused(refused, corpus, tmp_path):
    write_corpus(tmp_path / "other", pages=3, words=5, long_side=64, grid=(2, 2))
    code, message = refused(corpus, "--corpus", str(tmp_path / "other"))
    assert code == 2
    assert "were built on different grids" in message


def test_a_corpus_that_is_given_twice_is_refused(refused, corpus):
    code, message = refused(f"{corpus}:1", "--corpus", f"file://{corpus}/:2")
    assert code == 2
    assert message.startswith(f"error: --corpus {corpus} and --corpus file://{corpus}/ are the same corpus: ")


def test_a_val_share_that_holds_out_every_page_is_refused(refused, corpus):
    code, message = refused(corpus, "--val_share", "0.999999")
    assert code == 2
    assert message == f"error: --val_share 0.999999 holds out all 9 pages of {corpus}: lower it."


def test_a_corpus_of_a_newer_schema_is_refused(refused, tmp_path):
    write_corpus(tmp_path / "OUT", pages=3, words=5, long_side=64)
    index = tmp_path / "OUT" / "index.json"
    index.write_text(json.dumps(json.loads(index.read_text()) | {"schema_version": 99}))
    code, message = refused(tmp_path / "OUT")
    assert code == 1
    assert "schema version 99" in message
    assert "upgrade folio" in message


def test_a_corpus_with_another_tokenizer_is_refused_with_the_command_that_converts_it(refused, corpus, tmp_path):
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


def test_an_unknown_tokenizer_is_refused_with_the_possible_kinds(refused, corpus, tmp_path):
    code, message = refused(corpus, "--tokenizer", f"{tmp_path}/missing.model")
    assert code == 2
    assert message.startswith(f"error: --tokenizer {tmp_path}/missing.model: no such file or directory here")
    for kind in ("a SentencePiece model", "a tokenizer.json", "a name on the Hugging Face hub"):
        assert kind in message


def test_a_corpus_without_a_usable_page_is_refused(refused, tmp_path):
    write_corpus(tmp_path / "OUT", pages=0, shards=1)
    code, message = refused(tmp_path / "OUT")
    assert code == 2
    assert "holds no usable page" in message


@pytest.mark.parametrize("more", [(), ("--dry_run",)])
@pytest.mark.parametrize(
    ("output", "message"),
    [
        ("file", "--output file cannot be created (file is a file): choose another directory."),
        ("file/RUN", "file is a file): choose another directory."),
        ("x" * 300, "cannot be created (File name too long): choose another directory."),
        ("gs://bucket/RUN", "--output gs://bucket/RUN is remote, but a run needs a local directory"),
        ("OUT", "--output OUT is a corpus: choose another directory. It need not exist."),
    ],
)
def test_an_output_that_cannot_be_a_run_directory_is_refused(
    corpus, tmp_path, caplog, monkeypatch, output, message, more
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").write_text("in the way")
    (tmp_path / "OUT").symlink_to(corpus)
    words = ["--corpus", str(corpus), "--output", output, "--model", "tiny", "--global_batch", "4", *more]
    assert main(words) == 2
    assert message in caplog.messages[-1]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["OUT", "file"]


def test_an_output_that_the_file_system_refuses_is_refused(corpus, caplog):
    assert main(["--corpus", str(corpus), "--output", "/proc/RUN", "--model", "tiny", "--global_batch", "4"]) == 2
    reason = "No such file or directory"
    assert caplog.messages[-1] == f"error: --output /proc/RUN cannot be created ({reason}): choose another directory."


def test_an_unknown_model_size_is_refused(refused, corpus):
    assert refused(corpus, "--model", "giant") == (
        2,
        "error: --model giant: choose one of tiny, small, base, large",
    )


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["model.grid_rows=8"], "model.grid_rows=8 (corpus: 4): the corpus decides this setting, leave it out"),
        (
            ["model.pad_id=3", "model.vocab_size=100"],
            "model.vocab_size=100 (corpus: 32128), model.pad_id=3 (corpus: 0): the corpus decides these settings, "
            "leave them out",
        ),
    ],
)
def test_a_grid_or_a_vocabulary_other_than_that_of_the_corpus_is_refused(refused, corpus, words, message):
    assert refused(corpus, *words) == (2, f"error: {message}")


def test_settings_that_a_run_saved_are_accepted_for_its_corpus_and_refused_for_one_with_another_grid(
    refused, corpus, tmp_path
):
    (tmp_path / "config.yaml").write_text(to_yaml(load_config("tiny")))
    saved = ["--config", str(tmp_path / "config.yaml"), "--global_batch", "4"]
    config = parse_command_line(["--corpus", str(corpus), "--output", "RUN", "--model", "tiny", *saved])
    assert prepare(config, open_corpora, pretraining).config.model == config.model
    write_corpus(tmp_path / "other", pages=9, words=5, long_side=64, grid=(2, 4))
    code, message = refused(tmp_path / "other", *saved)
    assert code == 2
    assert message == "error: model.grid_rows=4 (corpus: 2): the corpus decides this setting, leave it out"
