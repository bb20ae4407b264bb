"""The whole build through its command line, with generated documents and real OCR."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections import Counter
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pymupdf
import pytest

from schemas import Corpus, CorpusIndex, load_tokenizer
from tests.support.commands import build, run_module
from tests.support.hostile import one_page, write_hostile


def manifest_of(output):
    return pq.read_table(output / "manifest.parquet").to_pylist()


def content_of(output):
    """Returns hashes of all files that must not depend on time, machine or order."""
    files = [*sorted((output / "shards").glob("*.tar")), output / "index.json", output / "plan.parquet"]
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


@pytest.fixture(scope="module")
def text_layer_corpus(sample_documents, tmp_path_factory):
    """The born-digital pages, built from their text layer, which is quick to repeat."""
    output = tmp_path_factory.mktemp("pdf") / "out"
    flags = ["--input", sample_documents / "*.pdf", "--output", output, "--text_source", "pdf", "--pages_per_shard", 4]
    done = run_module("pipelines.build_corpus", *flags)
    assert done.returncode == 0, done.stderr
    return output, flags


def test_every_page_of_every_document_has_exactly_one_row(built):
    expected = Counter()
    for path in built.inputs.rglob("*.pdf"):
        status = built.hostile.get(path.name)
        opens = status is None or status in ("blank", "too_large")
        numbers = range(1, pymupdf.open(path).page_count + 1) if opens else [0]
        expected.update((str(path), number) for number in numbers)
    assert Counter((row["uri"], row["page"]) for row in manifest_of(built.output)) == expected


def test_a_bad_file_does_not_affect_good_files(built):
    rows = manifest_of(built.output)
    statuses = {row["uri"].rsplit("/", 1)[1]: row["status"] for row in rows if "/hostile/" in row["uri"]}
    assert statuses == built.hostile
    assert {row["status"] for row in rows if "/hostile/" not in row["uri"]} == {"ok"}
    assert all(row["detail"] for row in rows if row["status"] != "ok")


def test_the_log_shows_documents_progress_and_report(built):
    assert "found 20 documents" in built.log
    assert "pages/s" in built.log and "ETA" in built.log
    assert "report.html" in built.log


def test_the_corpus_passes_its_own_verification(built):
    done = run_module("pipelines.verify", built.output)
    assert done.returncode == 0, done.stdout + done.stderr


def test_no_work_files_are_left(built):
    names = {path.name for path in built.output.iterdir()}
    assert names == {"index.json", "manifest.parquet", "plan.parquet", "README.md", "report.html", "shards"}


def test_a_page_and_its_tokens_agree(built):
    corpus, tokenizer = Corpus(built.output), load_tokenizer()
    for number in range(len(corpus)):
        sample = corpus[number]
        page = sample.page()
        assert sample.key == page.key
        texts = [page.words[i].text for i in sample.tokens[:, 1]]
        ids = [piece for word in tokenizer.encode_words([w.text for w in page.words]) for piece in word]
        assert sample.tokens[:, 0].tolist() == ids and len(texts) == len(ids)
        assert sample.tokens[:, 2].tolist() == [page.words[i].line for i in sample.tokens[:, 1]]
        assert [word.line for word in page.words] == sorted(word.line for word in page.words)


def test_ocr_reads_most_words_of_the_generated_documents(built):
    truth, read = {}, {}
    for path in built.inputs.glob("*.truth.json"):
        for number, page in enumerate(json.loads(path.read_text())["pages"], 1):
            truth[path.name.removesuffix(".truth.json"), number] = Counter(page["words"]["text"])
    corpus = Corpus(built.output)
    for page in (corpus[i].page() for i in range(len(corpus))):
        read[page.uri.rsplit("/", 1)[1].removesuffix(".pdf"), page.page] = Counter(word.text for word in page.words)
    found = sum((truth[key] & read[key]).total() for key in truth)
    assert read.keys() == truth.keys()
    assert found / sum(words.total() for words in truth.values()) > 0.9
    assert found / sum(words.total() for words in read.values()) > 0.9


def test_the_skew_of_scans_is_removed(built):
    paths = built.inputs.glob("*.truth.json")
    truth = {path.name.removesuffix(".truth.json"): json.loads(path.read_text()) for path in paths}
    rows = [row for row in manifest_of(built.output) if row["status"] == "ok"]
    removed = {(row["uri"].rsplit("/", 1)[1].removesuffix(".pdf"), row["page"]): row["skew_deg"] for row in rows}
    errors = [abs(skew - truth[name]["skew_deg"]) for (name, _), skew in removed.items() if truth[name]["scan"]]
    assert errors and np.median(errors) < 0.3
    assert all(skew == 0 for (name, _), skew in removed.items() if not truth[name]["scan"])


def test_the_totals_of_the_index_are_correct(built):
    index, rows = CorpusIndex.read(built.output), manifest_of(built.output)
    assert index.totals["documents"] == 20
    assert index.totals["samples"] == len(Corpus(built.output)) == sum(row["status"] == "ok" for row in rows)
    assert index.totals["tokens"] == sum(row["tokens"] for row in rows)
    assert index.totals["status"] == dict(Counter(row["status"] for row in rows))
    assert [shard.name for shard in index.shards] == sorted(p.stem for p in (built.output / "shards").glob("*.tar"))


def test_a_finished_corpus_is_not_changed(text_layer_corpus):
    output, flags = text_layer_corpus
    before = {path: path.stat().st_mtime_ns for path in output.rglob("*")}
    done = build(*flags)
    assert done.returncode == 0 and "complete already" in done.stderr
    assert {path: path.stat().st_mtime_ns for path in output.rglob("*")} == before


def test_missing_shards_are_built_again_with_the_same_bytes(text_layer_corpus, tmp_path):
    output, flags = text_layer_corpus
    damaged = tmp_path / "copy"
    shutil.copytree(output, damaged)
    for name in ("corpus-00001.parquet", "corpus-00001.tar", "corpus-00002.parquet"):
        (damaged / "shards" / name).unlink()
    kept = damaged / "shards" / "corpus-00000.tar"
    before = kept.stat().st_mtime_ns
    done = build(*["--output" if flag == "--output" else damaged if flag == output else flag for flag in flags])
    assert done.returncode == 0, done.stderr
    assert content_of(damaged) == content_of(output)
    assert kept.stat().st_mtime_ns == before


@pytest.mark.parametrize("name", ["manifest.parquet", "report.html", "README.md"])
def test_a_missing_file_next_to_the_shards_is_written_again(text_layer_corpus, tmp_path, name):
    output, flags = text_layer_corpus
    damaged = tmp_path / "copy"
    shutil.copytree(output, damaged)
    (damaged / name).unlink()
    done = build(*[damaged if flag == output else flag for flag in flags])
    assert done.returncode == 0 and "complete already" not in done.stderr, done.stderr
    assert (damaged / name).is_file()
    assert content_of(damaged) == content_of(output)


def test_the_number_of_workers_does_not_change_a_byte(text_layer_corpus, tmp_path):
    output, flags = text_layer_corpus
    other = tmp_path / "other"
    flags = [other if flag == output else flag for flag in flags]
    assert build(*flags, "--workers", 1).returncode == 0
    assert content_of(other) == content_of(output)


def test_other_settings_for_the_same_output_are_refused_and_named(text_layer_corpus):
    _, flags = text_layer_corpus
    done = build(*flags, "--image_long_side", 512)
    assert done.returncode == 2
    assert "image_long_side: 1024 -> 512" in done.stderr


def test_a_command_that_stops_before_its_first_shard_does_not_claim_the_output(tmp_path):
    (tmp_path / "letter.pdf").write_bytes(one_page("Some words to read"))
    out = tmp_path / "out"
    assert build("--input", tmp_path / "lettre.pdf", "--output", out, "--text_source", "pdf").returncode == 2
    assert build("--input", tmp_path, "--output", out, "--text_source", "pdf", "--dry_run", "--dpi", 72).returncode == 0
    done = build("--input", tmp_path, "--output", out, "--text_source", "pdf")
    assert done.returncode == 0, done.stderr
    assert [row["status"] for row in manifest_of(out)] == ["ok"]
    assert "plan: 1 document (1 ok), 1 page, 1 shard\n" in done.stderr


def test_names_without_a_readable_file_get_their_row(tmp_path):
    bucket = tmp_path / "bucket [2026]"
    bucket.mkdir()
    (bucket / "letter.pdf").write_bytes(one_page("Some words to read"))
    (bucket / "dangling.pdf").symlink_to(bucket / "gone.pdf")
    (bucket / "round").symlink_to(bucket, target_is_directory=True)
    os.mkfifo(bucket / "pipe.pdf")
    done = build("--input", bucket, "--output", tmp_path / "out", "--text_source", "pdf")
    assert done.returncode == 0, done.stderr
    statuses = {row["uri"].rsplit("/", 1)[1]: row["status"] for row in manifest_of(tmp_path / "out")}
    assert statuses == {"letter.pdf": "ok", "dangling.pdf": "unreadable", "pipe.pdf": "unreadable"}


@pytest.mark.parametrize("name", ["index.json", "plan.parquet"])
def test_a_damaged_file_of_the_output_is_named_in_the_error(text_layer_corpus, tmp_path, name):
    output, flags = text_layer_corpus
    damaged = tmp_path / "copy"
    shutil.copytree(output, damaged)
    (damaged / name).write_bytes(b"{bad")
    done = build(*[damaged if flag == output else flag for flag in flags])
    assert done.returncode == 1
    assert name in done.stderr and "Traceback" not in done.stderr


def test_auto_uses_the_text_layer_of_typeset_pages_and_ocr_for_scans(sample_documents, tmp_path):
    chosen = sorted(sample_documents.glob("*.pdf"))
    scans = [path for path in chosen if json.loads(path.with_suffix(".truth.json").read_text())["scan"]][:1]
    typeset = [path for path in chosen if not json.loads(path.with_suffix(".truth.json").read_text())["scan"]][:2]
    out = tmp_path / "out"
    flags = ["--text_source", "auto", "--workers", 1]
    assert build("--input", *scans, *typeset, "--output", out, *flags).returncode == 0
    sources = {row["uri"]: row["text_source"] for row in manifest_of(out)}
    assert sources == {**{str(path): "ocr" for path in scans}, **{str(path): "pdf" for path in typeset}}


def test_pages_left_out_for_their_language_keep_their_rows_and_the_run_can_be_repeated(tmp_path):
    texts = {
        "german": "Die Rechnung ist innerhalb von 30 Tagen zu bezahlen",
        "english": "Please pay within thirty days",
    }
    for name, text in texts.items():
        (tmp_path / f"{name}.pdf").write_bytes(one_page(text))
    flags = ["--input", tmp_path, "--output", tmp_path / "out", "--text_source", "pdf", "--languages", "en,fr"]
    for attempt in ("first", "again"):
        done = build(*flags)
        assert done.returncode == 0, (attempt, done.stderr)
    rows = {row["uri"].rpartition("/")[2]: row for row in manifest_of(tmp_path / "out")}
    assert {name: (row["status"], row["language"]) for name, row in rows.items()} == {
        "english.pdf": ("ok", "en"),
        "german.pdf": ("other_language", "de"),
    }
    assert CorpusIndex.read(tmp_path / "out").totals["words"] == rows["english.pdf"]["words"]
    assert run_module("pipelines.verify", tmp_path / "out").returncode == 0


def test_a_build_continues_if_its_input_is_spelt_in_another_way(tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.pdf").write_bytes(one_page("Some words"))
    relative = os.path.relpath(tmp_path / "in")
    flags = ["--output", tmp_path / "out", "--text_source", "pdf"]
    assert build("--input", relative, *flags).returncode == 0
    for spelling in (tmp_path / "in", f"{tmp_path}/out/../in/"):
        again = build("--input", spelling, *flags)
        assert again.returncode == 0 and "complete already" in again.stderr, again.stderr
    assert [row["uri"] for row in manifest_of(tmp_path / "out")] == [f"{tmp_path}/in/a.pdf"]


def test_a_repaired_document_is_marked_as_repaired(tmp_path):
    whole = one_page("Some words that are there still")
    (tmp_path / "cut.pdf").write_bytes(whole[: whole.rindex(b"startxref")])
    (tmp_path / "whole.pdf").write_bytes(whole)
    done = build("--input", tmp_path, "--output", tmp_path / "out", "--text_source", "pdf")
    assert done.returncode == 0, done.stderr
    rows = {Path(row["uri"]).name: (row["status"], row["detail"]) for row in manifest_of(tmp_path / "out")}
    assert rows["cut.pdf"] == ("ok", "repaired: the file is damaged, and what could be found again was read")
    assert rows["whole.pdf"] == ("ok", "")
    plan = pq.read_table(tmp_path / "out" / "plan.parquet").to_pylist()
    assert [row["detail"][:8] for row in plan] == ["repaired", ""]
    assert "<b>1</b> was damaged and read as far as" in (tmp_path / "out" / "report.html").read_text()
    assert run_module("pipelines.verify", tmp_path / "out").returncode == 0


def test_the_last_lines_count_all_documents_and_pages(tmp_path):
    write_hostile(tmp_path)
    (tmp_path / "letter.pdf").write_bytes(one_page("Some words"))
    done = build("--input", tmp_path, "--output", tmp_path / "out", "--text_source", "pdf")
    assert "1 sample of 3 pages, 6 documents without a page (" in done.stderr
    assert len(manifest_of(tmp_path / "out")) == 3 + 6
