"""Merging corpora that were built separately: no PDF is read again, no page is kept twice, all or nothing opens."""

from __future__ import annotations

import json
import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipelines import verify
from pipelines.merge import main
from pipelines.retokenize import main as retokenize
from schemas import PLAN_SCHEMA, Corpus, CorpusIndex, Sample, UsageError
from tests.support.commands import LIMIT_S, build, run_module, start
from tests.support.corpora import write_corpus

SMALL = {"words": 20, "long_side": 64}
MEMORY_DISK = Path("/dev/shm")


@pytest.fixture(scope="module")
def first(tmp_path_factory) -> Path:
    """Six pages of two documents, in two shards."""
    directory = tmp_path_factory.mktemp("first") / "out"
    write_corpus(directory, pages=6, shards=2, **SMALL)
    return directory


@pytest.fixture(scope="module")
def wider(tmp_path_factory) -> Path:
    """The documents of `first` and two more, mixed in two shards."""
    directory = tmp_path_factory.mktemp("wider") / "out"
    write_corpus(directory, pages=12, shards=2, **SMALL)
    return directory


@pytest.fixture(scope="module")
def other(tmp_path_factory) -> Path:
    """Other documents with the same names as those of `first`, as on another machine."""
    directory = tmp_path_factory.mktemp("other") / "out"
    write_corpus(directory, pages=5, shards=1, seed=1, **SMALL)
    return directory


def merge(*corpora: Path | str, into: Path | str) -> int:
    return main([*map(str, corpora), "--output", str(into)])


def is_sound(corpus: Path) -> bool:
    return verify.main([str(corpus)]) == 0


def samples_of(*corpora: Path) -> dict[str, tuple[bytes, bytes, bytes]]:
    def members(sample: Sample) -> tuple[bytes, bytes, bytes]:
        return sample.jpg, sample.json, sample.tokens.tobytes()

    return {sample.key: members(sample) for corpus in corpora for sample in Corpus(corpus)}


def keys_of(corpus: Path) -> Counter[str]:
    opened = Corpus(corpus)
    return Counter(opened.key(number) for number in range(len(opened)))


def files_of(corpus: Path) -> dict[str, bytes]:
    return {str(path.relative_to(corpus)): path.read_bytes() for path in corpus.rglob("*") if path.is_file()}


def times_of(corpus: Path) -> dict[Path, int]:
    return {path: path.stat().st_mtime_ns for path in corpus.rglob("*")}


def tar(corpus: Path, number: int) -> Path:
    return corpus / "shards" / f"corpus-{number:05d}.tar"


def statuses_of(corpus: Path) -> dict[str, int]:
    return dict(Counter(pq.read_table(corpus / "plan.parquet")["status"].to_pylist()))


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


def test_the_source_corpora_are_only_read(first, wider, tmp_path):
    before = files_of(first), files_of(wider)
    merge(first, wider, into=tmp_path / "c")
    assert (files_of(first), files_of(wider)) == before


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
