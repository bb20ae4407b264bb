"""Documents whose names contain quotes, newlines, scripts and parent folders: commands write only to their output."""

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
def folder(tmp_path_factory) -> Path:
    """A folder with the documents in `in` and in `out` the corpus of a list with them and with unusable inputs."""
    folder = tmp_path_factory.mktemp("names")
    inputs = folder / "in"
    inputs.mkdir()
    for number, name in enumerate(NAMES):
        (inputs / name).write_bytes(one_page(f"Letter number {number}"))
        (inputs / f"broken {name}").write_text("no PDF")
    listing = folder / "list.txt"
    listing.write_text(f"{inputs}\n{inputs}/../../../gone.pdf\n{inputs}/nul\0.pdf\nnfs://bucket/a.pdf\n")
    before = files_below(folder)
    done = build("--input", listing, "--output", folder / "out", "--text_source", "pdf")
    assert done.returncode == 0, done.stderr
    assert files_below(folder, except_in=folder / "out") == before
    return folder


@pytest.fixture
def target(folder, tmp_path):
    """A path that a command may write. All other files in its folder and next to the documents must not change."""
    before = files_below(folder)
    yield tmp_path / "target"
    assert files_below(folder) == before
    assert list(tmp_path.iterdir()) == [tmp_path / "target"]


def files_below(folder: Path, except_in: Path | None = None) -> set[Path]:
    return {path for path in folder.rglob("*") if except_in not in (path, *path.parents)}


def rows_of(corpus: Path, *columns: str) -> list[dict]:
    return pq.read_table(corpus / "manifest.parquet", columns=list(columns)).to_pylist()


def test_every_name_has_its_row_and_the_files_in_the_tar_are_named_by_page_keys(folder):
    rows = rows_of(folder / "out", "key", "status")
    assert sorted(row["status"] for row in rows) == ["not_pdf"] * 9 + ["ok"] * 9 + ["unreadable"] * 3
    (tar,) = (folder / "out" / "shards").glob("*.tar")
    with tarfile.open(tar) as archive:
        stems = {name.partition(".")[0] for name in archive.getnames()}
    assert stems == {row["key"] for row in rows if row["status"] == "ok"}


def test_the_report_shows_names_as_text(folder):
    report = (folder / "out" / "report.html").read_text()
    assert "<script>alert" not in report
    assert html.escape(SCRIPT) in report


def test_the_preview_shows_names_as_text(folder, target):
    assert preview.main([str(folder / "out"), "--random", "9", "--output", str(target)]) == 0
    page = target.read_text()
    assert "<script>alert" not in page
    assert html.escape(SCRIPT) in page


@needs_chromium
def test_a_browser_finds_no_script_from_a_name_in_report_and_preview(folder, tmp_path):
    assert preview.main([str(folder / "out"), "--random", "9", "--output", str(tmp_path / "preview.html")]) == 0
    with chromium() as (page, complaints):
        for path in (folder / "out" / "report.html", tmp_path / "preview.html"):
            page.goto(path.as_uri())
            assert SCRIPT in page.text_content("body")
            assert "alert" not in page.evaluate("[...document.scripts].map(script => script.textContent).join()")
        assert complaints == []


@pytest.mark.parametrize("key", ["../../etc/passwd", "<b>\n", "*"])
def test_an_invalid_key_is_refused_and_named(folder, tmp_path, capsys, key):
    assert preview.main([str(folder / "out"), "--key", key, "--output", str(tmp_path / "page.html")]) == 2
    assert f"--key {key}: the corpus has no page with this key" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_a_merged_corpus_keeps_the_names(folder, target, tmp_path_factory):
    inputs = tmp_path_factory.mktemp("other")
    (inputs / "letter.pdf").write_bytes(one_page("Some other words"))
    other = tmp_path_factory.mktemp("parts") / "other"
    assert build("--input", inputs, "--output", other, "--text_source", "pdf").returncode == 0
    assert merge.main([str(folder / "out"), str(other), "--output", str(target)]) == 0
    assert verify.main([str(target)]) == 0
    names = [row["uri"] for corpus in (folder / "out", other) for row in rows_of(corpus, "uri")]
    assert sorted(row["uri"] for row in rows_of(target, "uri")) == sorted(names)


def test_a_corpus_for_another_tokenizer_keeps_the_names(folder, target):
    assert retokenize.main([str(folder / "out"), "--tokenizer", "t5", "--output", str(target), "--workers", "1"]) == 0
    assert verify.main([str(target)]) == 0
    assert rows_of(target, "uri", "key", "status") == rows_of(folder / "out", "uri", "key", "status")
    assert sorted(sample.page().uri for sample in Corpus(target)) == sorted(
        row["uri"] for row in rows_of(target, "uri", "status") if row["status"] == "ok"
    )
