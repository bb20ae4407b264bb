"""Retokenizing a finished corpus, compared with a build of the same documents with the other tokenizer."""

from __future__ import annotations

import json
import shutil
import signal
import time
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
import sentencepiece

from pipelines import verify
from pipelines.retokenize import main
from schemas import TIME_COLUMNS, Corpus, load_tokenizer
from tests.support.commands import LIMIT_S, build, run_module, start
from tests.support.corpora import write_corpus


@pytest.fixture(scope="module")
def own_tokenizer(tmp_path_factory) -> Path:
    """A SentencePiece model that is not T5's."""
    directory = tmp_path_factory.mktemp("tokenizer")
    (directory / "text.txt").write_text("\n".join(f"word{i} total amount {i}" for i in range(200)))
    sentencepiece.SentencePieceTrainer.train(
        input=str(directory / "text.txt"), model_prefix=str(directory / "own"), vocab_size=60, minloglevel=2
    )
    return directory / "own.model"


@pytest.fixture(scope="module")
def built_with(sample_documents, own_tokenizer, tmp_path_factory) -> dict[str, Path]:
    """Corpora of the same documents' text layers, in shards of four pages, built with each tokenizer; by its name."""
    corpora = {}
    for name, flags in {"t5": [], "own": ["--tokenizer", own_tokenizer]}.items():
        corpora[name] = tmp_path_factory.mktemp(name) / "out"
        inputs = ["--input", sample_documents / "*.pdf", "--output", corpora[name], "--pages_per_shard", 4]
        done = build(*inputs, "--text_source", "pdf", *flags)
        assert done.returncode == 0, done.stderr
    return corpora


@pytest.fixture(scope="module")
def small(tmp_path_factory) -> Path:
    """A small corpus of two shards, for tests that need no real build."""
    directory = tmp_path_factory.mktemp("small") / "out"
    write_corpus(directory, pages=6, shards=2, words=20, long_side=64)
    return directory


def retokenize(corpus: Path | str, tokenizer: Path | str, output: Path | str, *flags: str) -> int:
    """Runs the command line in this process, because worker processes take seconds to start."""
    return main([str(corpus), "--tokenizer", str(tokenizer), "--output", str(output), "--workers", "1", *flags])


def files_of(corpus: Path) -> dict[str, bytes]:
    return {str(path.relative_to(corpus)): path.read_bytes() for path in corpus.rglob("*") if path.is_file()}


def times_of(corpus: Path) -> dict[Path, int]:
    return {path: path.stat().st_mtime_ns for path in corpus.rglob("*")}


def test_the_same_tokenizer_gives_a_byte_identical_corpus(built_with, tmp_path):
    assert retokenize(built_with["t5"], "t5", tmp_path / "out") == 0
    assert files_of(tmp_path / "out") == files_of(built_with["t5"])


def test_another_tokenizer_gives_the_tars_and_the_index_of_a_build_with_it(built_with, own_tokenizer, tmp_path):
    done = run_module(
        "pipelines.retokenize", built_with["t5"], "--tokenizer", own_tokenizer, "--output", tmp_path, "--workers", 2
    )
    assert done.returncode == 0, done.stderr
    ours, expected = files_of(tmp_path), files_of(built_with["own"])
    assert ours.keys() == expected.keys()
    same = [name for name in ours if name.endswith(".tar") or name in ("index.json", "README.md", "plan.parquet")]
    assert len(same) >= 5
    assert {name: ours[name] for name in same} == {name: expected[name] for name in same}


def test_the_tables_are_those_of_a_build_except_for_the_times(built_with, own_tokenizer, tmp_path):
    assert retokenize(built_with["t5"], own_tokenizer, tmp_path) == 0
    tables = sorted(path.relative_to(tmp_path) for path in tmp_path.rglob("*.parquet"))
    assert Path("manifest.parquet") in tables
    for name in tables:
        ours, expected = pq.read_table(tmp_path / name), pq.read_table(built_with["own"] / name)
        assert ours.schema.equals(expected.schema, check_metadata=True)
        if "seconds" in ours.column_names:
            ours, expected = ours.drop(list(TIME_COLUMNS)), expected.drop(list(TIME_COLUMNS))
        assert ours.equals(expected), name


def test_the_new_corpus_passes_verification_and_keeps_images_and_pages(small, own_tokenizer, tmp_path):
    assert retokenize(small, own_tokenizer, tmp_path / "new") == 0
    assert verify.main([str(tmp_path / "new")]) == 0
    old, new, tokenizer = Corpus(small), Corpus(tmp_path / "new"), load_tokenizer(str(own_tokenizer))
    assert len(new) == len(old) == 6
    for before, after in zip(old, new, strict=True):
        assert (after.key, after.jpg, after.json) == (before.key, before.jpg, before.json)
        ids = tokenizer.encode_words([word.text for word in after.page().words])
        assert after.tokens[:, 0].tolist() == [piece for word in ids for piece in word]
        assert not np.array_equal(before.tokens, after.tokens)


def test_a_page_record_does_not_depend_on_the_tokenizer(built_with):
    for before, after in zip(Corpus(built_with["t5"]), Corpus(built_with["own"]), strict=True):
        assert before.json == after.json


def test_the_same_command_makes_only_missing_files(small, tmp_path, capsys):
    assert retokenize(small, "t5", tmp_path / "new") == 0
    whole, before = files_of(tmp_path / "new"), times_of(tmp_path / "new" / "shards")
    for name in ("index.json", "manifest.parquet", "shards/corpus-00001.parquet"):
        (tmp_path / "new" / name).unlink()
    assert retokenize(small, "t5", tmp_path / "new") == 0
    assert files_of(tmp_path / "new") == whole
    after = times_of(tmp_path / "new" / "shards")
    assert {path.name for path in before if after[path] == before[path]} == {"corpus-00000.tar", "corpus-00000.parquet"}
    assert "retokenized 6/6 pages" in capsys.readouterr().err


def test_a_finished_output_is_not_changed(small, tmp_path, capsys):
    assert retokenize(small, "t5", tmp_path / "new") == 0
    before = times_of(tmp_path / "new")
    assert retokenize(small, "t5", tmp_path / "new") == 0
    assert times_of(tmp_path / "new") == before
    assert "complete already" in capsys.readouterr().err


def test_ctrl_c_says_how_to_continue_and_leaves_only_complete_shards(tmp_path):
    write_corpus(tmp_path / "big", pages=60, shards=60, words=100, long_side=64)
    words = [tmp_path / "big", "--tokenizer", "t5", "--output", tmp_path / "new", "--workers", 2]
    process = start("pipelines.retokenize", *words)
    while not list((tmp_path / "new").glob("shards/*.parquet")):
        assert process.poll() is None
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    _, log = process.communicate(timeout=LIMIT_S)
    assert process.returncode == 130
    assert log.splitlines()[-1] == "stopped; run the same command again to continue"
    assert "Traceback" not in log
    assert 0 < len(list((tmp_path / "new").glob("shards/*.parquet"))) < 60
    assert retokenize(tmp_path / "big", "t5", tmp_path / "new") == 0
    assert verify.main([str(tmp_path / "new")]) == 0


@pytest.mark.parametrize("place", ["{corpus}", "{corpus}/", "{corpus}/../out", "{corpus}/new"])
def test_the_source_corpus_is_never_written_to(small, capsys, place):
    before = files_of(small)
    assert retokenize(small, "t5", place.format(corpus=small)) == 2
    assert "choose another directory" in capsys.readouterr().err
    assert files_of(small) == before


def test_an_output_with_another_tokenizer_is_refused_with_the_difference(small, own_tokenizer, tmp_path, capsys):
    assert retokenize(small, "t5", tmp_path / "new") == 0
    before = files_of(tmp_path / "new")
    assert retokenize(small, own_tokenizer, tmp_path / "new") == 2
    assert f"tokenizer: 't5' -> '{own_tokenizer}'" in capsys.readouterr().err
    assert files_of(tmp_path / "new") == before


def test_an_output_of_other_documents_is_refused(small, tmp_path, capsys):
    write_corpus(tmp_path / "other", pages=6, shards=2, words=20, long_side=64, seed=1)
    assert retokenize(tmp_path / "other", "t5", tmp_path / "new") == 0
    assert retokenize(small, "t5", tmp_path / "new") == 2
    assert "holds a corpus of other documents" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("name", "content", "code", "words"),
    [
        ("index.json", None, 2, "holds no index.json, so no finished corpus"),
        ("index.json", b"{bad", 1, "index.json is not the index of a corpus"),
        ("plan.parquet", None, 1, "plan.parquet is missing"),
        ("plan.parquet", b"PAR1", 1, "plan.parquet is damaged"),
        ("shards/corpus-00001.tar", None, 1, "shard corpus-00001 of"),
        ("shards/corpus-00001.tar", b"short", 1, "corpus-00001.tar: 5 bytes, but index.json says"),
        ("shards/corpus-00001.parquet", None, 1, "shard corpus-00001 of"),
        ("shards/corpus-00001.parquet", b"PAR1", 1, "corpus-00001.parquet is damaged"),
    ],
)
def test_a_damaged_corpus_gives_one_line_that_names_the_file(small, tmp_path, capsys, name, content, code, words):
    shutil.copytree(small, tmp_path / "old")
    (tmp_path / "old" / name).unlink()
    if content is not None:
        (tmp_path / "old" / name).write_bytes(content)
    assert retokenize(tmp_path / "old", "t5", tmp_path / "new") == code
    last = capsys.readouterr().err.splitlines()[-1]
    assert last.startswith("error: ") and words in last
    assert not (tmp_path / "new" / "index.json").exists()


def test_damage_found_by_a_worker_process_also_gives_one_line(small, tmp_path, capsys):
    shutil.copytree(small, tmp_path / "old")
    (tmp_path / "old" / "shards" / "corpus-00001.tar").write_bytes(b"short")
    assert retokenize(tmp_path / "old", "t5", tmp_path / "new", "--workers", "2") == 1
    log = capsys.readouterr().err
    assert "corpus-00001.tar: 5 bytes, but index.json says" in log.splitlines()[-1]
    assert "Traceback" not in log


def test_a_changed_image_is_found_and_gets_no_new_hash(small, tmp_path, capsys):
    shutil.copytree(small, tmp_path / "old")
    tar = tmp_path / "old" / "shards" / "corpus-00000.tar"
    data = bytearray(tar.read_bytes())
    data[700] ^= 1
    tar.write_bytes(data)
    assert retokenize(tmp_path / "old", "t5", tmp_path / "new") == 1
    assert "corpus-00000.tar: sha256 is" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (["--tokenizer", "{tmp}/no.model", "--output", "{tmp}/new"], "--tokenizer {tmp}/no.model"),
        (["--tokenizer", "t5", "--output", "{tmp}/file/new"], "--output {tmp}/file/new cannot be written"),
        (["--tokenizer", "t5", "--output", "nfs://bucket/new"], "nfs://bucket/new cannot be reached"),
    ],
)
def test_wrong_arguments_are_named(small, tmp_path, capsys, flags, words):
    (tmp_path / "file").write_text("no directory")
    assert main([str(small), *(flag.format(tmp=tmp_path) for flag in flags)]) == 2
    assert f"error: {words.format(tmp=tmp_path)}" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("flags", "words"), [(["--output", "new"], "--tokenizer"), (["--tokenizer", "t5", "--workers", "0"], "0 is not")]
)
def test_missing_and_impossible_flags_are_named(capsys, flags, words):
    with pytest.raises(SystemExit) as left:
        main(["corpus", *flags])
    assert left.value.code == 2
    assert words in capsys.readouterr().err


def test_the_fingerprint_matches_the_new_settings(small, own_tokenizer, tmp_path):
    assert retokenize(small, own_tokenizer, tmp_path) == 0
    old, new = (json.loads((corpus / "index.json").read_text()) for corpus in (small, tmp_path))
    assert new["fingerprint"] != old["fingerprint"]
    assert new["config"] == old["config"] | {
        "tokenizer": str(own_tokenizer),
        "tokenizer_sha256": load_tokenizer(str(own_tokenizer)).sha256,
    }


def test_help_says_what_the_command_is_for(capsys):
    with pytest.raises(SystemExit) as left:
        main(["--help"])
    assert left.value.code == 0
    text = capsys.readouterr().out
    assert "without OCR" in text and "--workers" in text and "exit codes" in text
