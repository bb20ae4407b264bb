"""What a merge refuses: different settings, damaged shards, wrong arguments."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from pipelines.merge import main
from schemas import CorpusIndex
from tests.pipelines.merge.parts import (
    MEMORY_DISK,
    files_of,
    merge,
    tar,
)


def with_setting(name: str, value: object) -> Callable[[Path], None]:
    def edit(corpus: Path) -> None:
        index = CorpusIndex.read(corpus)
        replace(index, config={**index.config, name: value}).write(corpus)

    return edit


def with_tokenizer(corpus: Path) -> None:
    index = CorpusIndex.read(corpus)
    replace(index, tokenizer=replace(index.tokenizer, name="own.model", sha256="0" * 64)).write(corpus)


def with_grid(corpus: Path) -> None:
    replace(CorpusIndex.read(corpus), grid_cols=7).write(corpus)


@pytest.mark.parametrize(
    ("edit", "words"),
    [
        (with_setting("dpi", 300), "dpi: None -> 300"),
        (with_setting("text_source", "pdf"), "text_source: 'ocr' -> 'pdf'"),
        (with_tokenizer, "tokenizer_sha256: '"),
        (with_grid, "grid_cols: 4 -> 7"),
    ],
)
def test_corpora_with_different_settings_are_refused_with_the_difference(first, other, tmp_path, capsys, edit, words):
    edit(shutil.copytree(other, tmp_path / "edited"))
    assert merge(first, tmp_path / "edited", into=tmp_path / "c") == 2
    assert words in capsys.readouterr().err
    assert not (tmp_path / "c").exists()


def test_the_same_tokenizer_may_be_at_two_paths(first, other, tmp_path):
    copy = shutil.copytree(other, tmp_path / "copy")
    index = CorpusIndex.read(copy)
    config = {**index.config, "tokenizer": "/elsewhere/spiece.model"}
    replace(index, config=config, tokenizer=replace(index.tokenizer, name="/elsewhere/spiece.model")).write(copy)
    assert merge(first, copy, into=tmp_path / "c") == 0


def test_a_newer_schema_is_refused(first, other, tmp_path, capsys):
    newer = shutil.copytree(other, tmp_path / "newer")
    replace(CorpusIndex.read(newer), schema_version=99).write(newer)
    assert merge(first, newer, into=tmp_path / "c") == 1
    assert "schema version 99" in capsys.readouterr().err


def test_an_output_of_other_corpora_is_refused_and_not_changed(first, other, wider, tmp_path, capsys):
    merge(first, other, into=tmp_path / "c")
    before = files_of(tmp_path / "c")
    assert merge(first, wider, into=tmp_path / "c") == 2
    assert "holds a corpus with other settings" in capsys.readouterr().err
    assert files_of(tmp_path / "c") == before


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["{first}", "--output", "{tmp}/c"], "alone: name two or more corpora"),
        (["{first}", "{tmp}/file", "--output", "{tmp}/c"], "holds no index.json, so no finished corpus"),
        (["{first}", "{other}", "--output", "{other}"], "is the corpus {other} itself"),
        (["{first}", "{other}", "--output", "{tmp}/file/c"], "cannot be written"),
        (["{first}", "nfs://bucket/b", "--output", "{tmp}/c"], "nfs://bucket/b cannot be reached"),
    ],
)
def test_wrong_arguments_are_named(first, other, tmp_path, capsys, arguments, words):
    (tmp_path / "file").write_text("not a directory")
    places = {"first": first, "other": other, "tmp": tmp_path}
    assert main([argument.format(**places) for argument in arguments]) == 2
    assert words.format(**places) in capsys.readouterr().err


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("corpus-00000.tar", None, "cannot be read: "),
        ("corpus-00001.tar", b"short", "corpus-00001.tar: 5 bytes, but index.json says"),
        ("corpus-00001.parquet", None, "corpus-00001.parquet cannot be read"),
        ("corpus-00001.parquet", b"PAR1", "corpus-00001.parquet is damaged"),
    ],
)
@pytest.mark.parametrize("place", [0, 1])
def test_a_damaged_shard_is_named_and_no_corpus_is_finished(
    first, wider, tmp_path, capsys, place, name, content, words
):
    parts = [shutil.copytree(first, tmp_path / "a"), shutil.copytree(wider, tmp_path / "b")]
    (parts[place] / "shards" / name).unlink()
    if content is not None:
        (parts[place] / "shards" / name).write_bytes(content)
    assert merge(*parts, into=tmp_path / "c") == 1
    assert words in capsys.readouterr().err.splitlines()[-1]
    assert not (tmp_path / "c" / "index.json").exists()


@pytest.mark.parametrize("disk", [None, MEMORY_DISK])
def test_a_tar_with_a_flipped_byte_is_reported_when_linked_or_copied(first, other, tmp_path, capsys, disk):
    if disk and not disk.is_dir():
        pytest.skip("needs a second file system")
    damaged = shutil.copytree(other, tmp_path / "damaged")
    data = bytearray(tar(damaged, 0).read_bytes())
    data[len(data) // 2] ^= 1
    tar(damaged, 0).write_bytes(data)
    with tempfile.TemporaryDirectory(dir=disk) as scratch:
        assert merge(first, damaged, into=Path(scratch, "c")) == 1
        assert not Path(scratch, "c", "index.json").exists()
    assert "damaged/shards/corpus-00000.tar: sha256 is " in capsys.readouterr().err.splitlines()[-1]


def test_pages_of_a_document_that_is_not_in_the_plan_are_reported(first, other, tmp_path, capsys):
    unplanned = shutil.copytree(other, tmp_path / "unplanned")
    plan = pq.read_table(unplanned / "plan.parquet")
    pq.write_table(plan.slice(1), unplanned / "plan.parquet")
    assert merge(first, unplanned, into=tmp_path / "c") == 1
    assert "shard corpus-00000 has a page of a document that plan.parquet does not build" in capsys.readouterr().err
