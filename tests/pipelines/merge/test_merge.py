"""Merging corpora that were built separately: no PDF is read again, no page is kept twice, all or nothing opens."""

from __future__ import annotations

import json
import shutil
import tempfile
import time
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipelines.merge import main
from pipelines.retokenize import main as retokenize
from schemas import PLAN_SCHEMA, Corpus, CorpusIndex, UsageError
from tests.pipelines.merge.parts import (
    MEMORY_DISK,
    files_of,
    is_sound,
    keys_of,
    merge,
    samples_of,
    statuses_of,
    tar,
    times_of,
)
from tests.support.commands import LIMIT_S, build, run_module, start
from tests.support.corpora import write_corpus


def test_corpora_of_different_documents_are_joined_completely(first, other, tmp_path):
    assert merge(first, other, into=tmp_path / "c") == 0
    assert is_sound(tmp_path / "c")
    assert samples_of(tmp_path / "c") == samples_of(first, other)
    parts, joined = (CorpusIndex.read(first), CorpusIndex.read(other)), CorpusIndex.read(tmp_path / "c")
    for name in ("documents", "pages", "samples", "words", "lines", "tokens", "bytes"):
        assert joined.totals[name] == sum(part.totals[name] for part in parts)


def test_shards_are_renumbered_in_the_order_of_the_corpora(first, other, tmp_path):
    merge(first, other, into=tmp_path / "c")
    sources = [tar(first, 0), tar(first, 1), tar(other, 0)]
    names = [shard.name for shard in CorpusIndex.read(tmp_path / "c").shards]
    assert names == ["corpus-00000", "corpus-00001", "corpus-00002"]
    for number, source in enumerate(sources):
        assert tar(tmp_path / "c", number).stat().st_ino == source.stat().st_ino  # a hard link, not a copy


@pytest.mark.skipif(not MEMORY_DISK.is_dir(), reason="needs a second file system")
def test_tars_are_copied_to_another_disk(first, other):
    with tempfile.TemporaryDirectory(dir=MEMORY_DISK) as scratch:
        assert merge(first, other, into=Path(scratch, "c")) == 0
        assert is_sound(Path(scratch, "c"))
        assert tar(Path(scratch, "c"), 2).read_bytes() == tar(other, 0).read_bytes()


def test_a_document_of_both_stays_in_the_first_and_is_removed_from_mixed_shards(first, wider, tmp_path, capsys):
    assert merge(first, wider, into=tmp_path / "c") == 0
    assert "left out 8 pages of documents that an earlier corpus holds" in capsys.readouterr().err
    assert is_sound(tmp_path / "c")
    assert set(keys_of(tmp_path / "c").values()) == {1}
    assert samples_of(tmp_path / "c") == samples_of(wider)
    index = CorpusIndex.read(tmp_path / "c")
    assert [shard.samples for shard in index.shards] == [3, 3, 3, 3]
    assert tar(tmp_path / "c", 0).samefile(tar(first, 0))
    assert index.totals["documents"] == CorpusIndex.read(wider).totals["documents"]


def test_shards_without_new_documents_are_dropped(first, wider, tmp_path):
    assert merge(wider, first, first, into=tmp_path / "c") == 0
    assert is_sound(tmp_path / "c")
    assert [tar(tmp_path / "c", number).exists() for number in (0, 1, 2)] == [True, True, False]
    assert samples_of(tmp_path / "c") == samples_of(wider)


def test_the_same_document_with_another_name_becomes_a_duplicate(first, tmp_path):
    elsewhere = shutil.copytree(first, tmp_path / "elsewhere")
    renamed(elsewhere)
    assert merge(first, elsewhere, into=tmp_path / "c") == 0
    assert is_sound(tmp_path / "c")
    assert statuses_of(tmp_path / "c")["duplicate"] == 4
    plan = pq.read_table(tmp_path / "c" / "plan.parquet").to_pylist()
    details = {row["uri"]: row["detail"] for row in plan if row["status"] == "duplicate"}
    assert details["elsewhere/documents/document-0001.pdf"] == "same bytes as documents/document-0001.pdf"
    assert keys_of(tmp_path / "c") == keys_of(first)


def renamed(corpus: Path) -> None:
    """Moves the documents of a corpus to another directory in its plan, the only place that merging reads."""
    plan = pq.read_table(corpus / "plan.parquet").to_pylist()
    rows = [{**row, "uri": f"elsewhere/{row['uri']}"} for row in plan]
    pq.write_table(pa.Table.from_pylist(rows, PLAN_SCHEMA), corpus / "plan.parquet")


def test_merged_builds_of_overlapping_inputs_equal_one_build_of_all(sample_documents, tmp_path):
    documents = sorted(sample_documents.glob("*.pdf"))
    inputs = {"a": documents[:3], "b": documents[2:5], "both": documents[:5]}
    for name, chosen in inputs.items():
        words = ["--text_source", "pdf", "--pages_per_shard", 2, "--workers", 1]
        build("--input", *chosen, "--output", tmp_path / name, *words).check_returncode()
    done = run_module("pipelines.merge", tmp_path / "a", tmp_path / "b", "--output", tmp_path / "c")
    assert done.returncode == 0, done.stderr
    assert is_sound(tmp_path / "c")
    assert samples_of(tmp_path / "c") == samples_of(tmp_path / "both")
    columns = ["uri", "page", "status", "words", "tokens"]
    joined, whole = (pq.read_table(tmp_path / name / "manifest.parquet", columns=columns) for name in ("c", "both"))
    assert joined.equals(whole)


def test_a_joined_corpus_can_be_joined_and_retokenized_again(first, other, wider, tmp_path):
    merge(first, other, into=tmp_path / "c")
    assert merge(tmp_path / "c", wider, into=tmp_path / "d") == 0
    assert is_sound(tmp_path / "d")
    assert (
        retokenize([str(tmp_path / "d"), "--tokenizer", "t5", "--output", str(tmp_path / "e"), "--workers", "1"]) == 0
    )
    assert samples_of(tmp_path / "e") == samples_of(wider, other)


def test_the_settings_of_the_joined_corpus_list_its_parts(first, other, tmp_path):
    merge(first, other, into=tmp_path / "c")
    merge(other, first, into=tmp_path / "d")
    one, two = (json.loads((tmp_path / name / "index.json").read_text()) for name in "cd")
    assert len(one["config"]["merged"]) == 2
    assert one["config"]["merged"] == two["config"]["merged"][::-1]
    assert one["fingerprint"] != two["fingerprint"]


def test_the_same_command_again_changes_nothing(first, wider, tmp_path, capsys):
    merge(first, wider, into=tmp_path / "c")
    before = times_of(tmp_path / "c")
    assert merge(first, wider, into=tmp_path / "c") == 0
    assert times_of(tmp_path / "c") == before
    assert "complete already" in capsys.readouterr().err


def test_a_killed_run_leaves_no_corpus_that_opens_and_the_next_run_finishes_it(tmp_path):
    for name, seed in (("a", 2), ("b", 3)):
        write_corpus(tmp_path / name, pages=90, shards=90, words=4, long_side=32, seed=seed)
    parts = tmp_path / "a", tmp_path / "b"
    process = start("pipelines.merge", *parts, "--output", tmp_path / "c")
    while len(list((tmp_path / "c").glob("shards/*.parquet"))) < 3:
        assert process.poll() is None
        time.sleep(0.01)
    process.kill()
    process.communicate(timeout=LIMIT_S)
    with pytest.raises(UsageError, match="no finished corpus"):
        Corpus(tmp_path / "c")
    assert merge(*parts, into=tmp_path / "c") == 0
    assert merge(*parts, into=tmp_path / "undisturbed") == 0
    assert files_of(tmp_path / "c") == files_of(tmp_path / "undisturbed")
    assert is_sound(tmp_path / "c")


def test_the_source_corpora_are_only_read(first, wider, tmp_path):
    before = files_of(first), files_of(wider)
    merge(first, wider, into=tmp_path / "c")
    assert (files_of(first), files_of(wider)) == before


def test_a_link_to_a_tar_is_followed(first, other, tmp_path):
    linked = shutil.copytree(other, tmp_path / "linked")
    moved = tar(linked, 0).rename(tmp_path / "elsewhere.tar")
    tar(linked, 0).symlink_to(moved)
    assert merge(first, linked, into=tmp_path / "c") == 0
    assert not tar(tmp_path / "c", 2).is_symlink()
    assert is_sound(tmp_path / "c")


def test_help_explains_how_duplicates_are_handled(capsys):
    with pytest.raises(SystemExit, match="0"):
        main(["--help"])
    assert "stays in the first" in " ".join(capsys.readouterr().out.split())
