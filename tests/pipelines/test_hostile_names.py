"""Documents whose names hold quotes, newlines, scripts and ways out: no command writes beside its output for them."""

from __future__ import annotations

import html
import os
import tarfile
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from pipelines import merge, preview, retokenize, verify
from schemas import Corpus
from tests.support.browser import chromium, needs_chromium
from tests.support.commands import build
from tests.support.hostile import one_page

SCRIPT = "<script>alert(1)<script>.pdf"
NAMES = [
    'it\'s "quoted".pdf',
    "two\nlines\r.pdf",
    "..%2f..\\..\\up.pdf",
    SCRIPT,
    "{{ 7 * 7 }} $(touch owned) `id`;.pdf",
    "名前 עברית \u202efdp.pdf",
    "*?[a-z].pdf",
    "-rf.pdf",
    os.fsdecode(b"caf\xe9 \xff.pdf"),
]


@pytest.fixture(scope="module")
def place(tmp_path_factory) -> Path:
    """A folder with the documents in `in`, their corpus in `out`, and what else a list of inputs can name."""
    place = tmp_path_factory.mktemp("names")
    inputs = place / "in"
    inputs.mkdir()
    for number, name in enumerate(NAMES):
        (inputs / name).write_bytes(one_page(f"Letter number {number}"))
        (inputs / f"broken {name}").write_text("no PDF")
    listing = place / "list.txt"
    listing.write_text(f"{inputs}\n{inputs}/../../../gone.pdf\n{inputs}/nul\0.pdf\nnfs://bucket/a.pdf\n")
    before = files_below(place)
    done = build("--input", listing, "--output", place / "out", "--text_source", "pdf")
    assert done.returncode == 0, done.stderr
    assert files_below(place, but=place / "out") == before
    return place


@pytest.fixture
def made(place, tmp_path):
    """Where a command may write; all else in its folder and beside the documents must stay as it is."""
    before = files_below(place)
    yield tmp_path / "made"
    assert files_below(place) == before
    assert list(tmp_path.iterdir()) == [tmp_path / "made"]


def files_below(folder: Path, but: Path | None = None) -> set[Path]:
    return {path for path in folder.rglob("*") if but not in (path, *path.parents)}


def rows_of(corpus: Path, *columns: str) -> list[dict]:
    return pq.read_table(corpus / "manifest.parquet", columns=list(columns)).to_pylist()


def test_every_name_has_its_row_and_the_tar_names_pages_by_their_keys(place):
    rows = rows_of(place / "out", "key", "status")
    assert sorted(row["status"] for row in rows) == ["not_pdf"] * 9 + ["ok"] * 9 + ["unreadable"] * 3
    (tar,) = (place / "out" / "shards").glob("*.tar")
    with tarfile.open(tar) as archive:
        stems = {name.partition(".")[0] for name in archive.getnames()}
    assert stems == {row["key"] for row in rows if row["status"] == "ok"}


def test_names_are_text_in_the_report(place):
    report = (place / "out" / "report.html").read_text()
    assert "<script>alert" not in report
    assert html.escape(SCRIPT) in report


def test_names_are_text_in_the_preview(place, made):
    assert preview.main([str(place / "out"), "--random", "9", "--output", str(made)]) == 0
    page = made.read_text()
    assert "<script>alert" not in page
    assert html.escape(SCRIPT) in page


@needs_chromium
def test_a_browser_finds_nothing_to_run_in_either(place, tmp_path):
    assert preview.main([str(place / "out"), "--random", "9", "--output", str(tmp_path / "preview.html")]) == 0
    with chromium() as (page, complaints):
        for path in (place / "out" / "report.html", tmp_path / "preview.html"):
            page.goto(path.as_uri())
            assert SCRIPT in page.text_content("body")
            assert "alert" not in page.evaluate("[...document.scripts].map(script => script.textContent).join()")
        assert complaints == []


@pytest.mark.parametrize("key", ["../../etc/passwd", "<b>\n", "*"])
def test_a_key_that_is_none_is_refused_by_name(place, tmp_path, capsys, key):
    assert preview.main([str(place / "out"), "--key", key, "--output", str(tmp_path / "page.html")]) == 2
    assert f"--key {key}: no page of the corpus" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_joined_corpora_keep_the_names(place, made, tmp_path_factory):
    inputs = tmp_path_factory.mktemp("other")
    (inputs / "letter.pdf").write_bytes(one_page("Some other words"))
    other = tmp_path_factory.mktemp("parts") / "other"
    assert build("--input", inputs, "--output", other, "--text_source", "pdf").returncode == 0
    assert merge.main([str(place / "out"), str(other), "--output", str(made)]) == 0
    assert verify.main([str(made)]) == 0
    names = [row["uri"] for corpus in (place / "out", other) for row in rows_of(corpus, "uri")]
    assert sorted(row["uri"] for row in rows_of(made, "uri")) == sorted(names)


def test_a_corpus_for_another_tokenizer_keeps_the_names(place, made):
    assert retokenize.main([str(place / "out"), "--tokenizer", "t5", "--output", str(made), "--workers", "1"]) == 0
    assert verify.main([str(made)]) == 0
    assert rows_of(made, "uri", "key", "status") == rows_of(place / "out", "uri", "key", "status")
    assert sorted(sample.page().uri for sample in Corpus(made)) == sorted(
        row["uri"] for row in rows_of(made, "uri", "status") if row["status"] == "ok"
    )
