"""The report shows numbers, failures and pages of a corpus, needs no other files, and escapes every name."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest

from pipelines.report.failures import LISTED_FAILURES, MEANINGS
from pipelines.report.report import pick_gallery, render_report
from schemas import MANIFEST_SCHEMA, Corpus, PageStatus
from tests.support.browser import chromium, needs_chromium
from tests.support.corpora import failed_row, plan_of, write_corpus
from tests.support.drawn_pages import document_sha256

VOID = {"meta", "link", "img", "br", "input", "hr"}


class Page(HTMLParser):
    """Parses a page: collects its links, its tags, its text, and the tags that are not closed."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.tags: list[str] = []
        self.open: list[str] = []
        self.text = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.links += [value for name, value in attrs if name in ("src", "href", "action", "data", "poster", "srcset")]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data


@pytest.fixture(scope="module")
def corpus(tmp_path_factory) -> Corpus:
    directory = tmp_path_factory.mktemp("report") / "out"
    write_corpus(directory, pages=30, shards=2, words=80, bad_pages=4, bad_documents=3)
    return Corpus(directory)


@pytest.fixture(scope="module")
def manifest(corpus) -> pa.Table:
    return pq.read_table(Path(corpus.shards[0].path).parent.parent / "manifest.parquet")


def render(corpus: Corpus, manifest: pa.Table, pictures: int = 12) -> str:
    numbers = {corpus.key(number): number for number in range(len(corpus))}
    gallery = [corpus[numbers[key]] for key in pick_gallery(manifest, pictures)]
    return render_report(corpus.index, ds.dataset(manifest), plan_of(manifest), gallery)


@pytest.fixture(scope="module")
def html(corpus, manifest) -> str:
    return render(corpus, manifest)


def with_rows(manifest: pa.Table, rows: list[dict]) -> pa.Table:
    return pa.concat_tables([manifest, pa.Table.from_pylist(rows, MANIFEST_SCHEMA)])


def test_the_report_needs_no_other_file_no_script_and_no_network(html):
    page = Page(html)
    assert page.open == []
    assert "script" not in page.tags
    assert all(link.startswith(("data:image/jpeg;base64,", "#")) for link in page.links)
    assert "url(" not in html
    assert "@import" not in html
    assert "default-src 'none'" in html


def test_the_report_is_small_enough_for_an_e_mail(html):
    assert 100_000 < len(html.encode()) < 3_000_000


def test_the_main_numbers_are_those_of_the_index(corpus, html):
    totals = corpus.index.totals
    for name in ("documents", "pages", "samples", "words", "tokens"):
        assert f"<b>{totals[name]:,}</b><span>{name}</span>" in html


def test_every_status_is_shown_with_its_count_and_share(html):
    text = re.sub(r"\s+", " ", Page(html).text)
    assert "ok 30 88.2 %" in text
    assert "blank 2 5.88 %" in text
    assert "corrupt 2" in text
    assert "encrypted 1" in text


def test_every_status_has_a_colour(html):
    assert all(f".s-{status.value} {{" in html for status in PageStatus)


def test_every_failure_is_listed_with_document_page_and_reason(manifest, html):
    text = Page(html).text
    for row in manifest.to_pylist():
        if row["status"] != "ok":
            assert row["uri"] in text
            assert row["detail"] in text


def test_every_reason_is_explained(manifest, html):
    assert {status.value for status in PageStatus} - {"ok"} <= set(MEANINGS)
    assert "2 blank has nothing on it" in re.sub(r"\s+", " ", Page(html).text)


def test_failures_are_linked_to_their_document_and_page(corpus, manifest, tmp_path):
    here = tmp_path / "a b.pdf"
    here.write_bytes(b"%PDF")
    rows = [
        failed_row(str(here), document_sha256(0, "b"), 7, 9, PageStatus.TIMEOUT, "120 s", "corpus-00000"),
        failed_row("https://example.org/x.pdf", document_sha256(0, "x"), 0, 0, PageStatus.CORRUPT, "no trailer", ""),
        failed_row("gs://bucket/x.pdf", document_sha256(0, "g"), 0, 0, PageStatus.CORRUPT, "no trailer", ""),
    ]
    page = Page(render(corpus, with_rows(manifest, rows), 0))
    links = [link for link in page.links if not link.startswith("#")]
    assert sorted(links) == [f"file://{tmp_path}/a%20b.pdf#page=7", "https://example.org/x.pdf"]
    assert "gs://bucket/x.pdf" in page.text


def test_the_first_sentence_counts_pages_and_documents(corpus, manifest, html):
    text = re.sub(r"\s+", " ", Page(html).text)
    assert "30 of 34 pages became samples (88.2 %); 3 of 17 documents had no page that could be attempted." in text


def test_a_long_list_of_failures_is_truncated_and_shows_the_number_of_others(corpus, manifest):
    many = [failed_row(f"{i:03d}.pdf", "", 0, 0, PageStatus.NOT_PDF, "HTML", "") for i in range(LISTED_FAILURES + 25)]
    text = Page(render(corpus, with_rows(manifest, many), 0)).text
    assert f"{LISTED_FAILURES - 1:03d}.pdf" in text
    assert f"{LISTED_FAILURES:03d}.pdf" not in text
    assert "25 more in manifest.parquet" in text


@pytest.mark.parametrize(
    "name",
    [
        "<script>alert(1)</script>.pdf",
        '"><img src=x onerror=alert(1)>.pdf',
        "'--></style></title><svg onload=1>.pdf",
        "{{ 7 * 7 }}{% raw %}.pdf",
        "\u202eFDP.exe\x00\x1b[31m\u2028.pdf",
        "名前 עברית & more.pdf",
    ],
)
def test_a_hostile_name_is_shown_as_text(corpus, manifest, name):
    row = failed_row(name, document_sha256(0, name), 0, 0, PageStatus.CORRUPT, f"cannot open {name}", "")
    before, after = Page(render(corpus, manifest, 0)), Page(render(corpus, with_rows(manifest, [row]), 0))
    assert after.text.count(name.replace("\x00", "\ufffd")) + after.text.count(name) >= 2
    assert after.links == before.links
    assert set(after.tags) == set(before.tags)


def test_every_page_of_the_gallery_has_a_caption(corpus, manifest, html):
    text = re.sub(r"\s+", " ", Page(html).text)
    rows = {row["key"]: row for row in manifest.to_pylist()}
    for key in pick_gallery(manifest):
        row = rows[key]
        caption = (
            f"{key} {row['uri']}, page {row['page']} of {row['pages']} {row['words']} words · {row['lines']} lines"
        )
        assert caption in text
        assert f"score {row['mean_score']:.3f} · skew {row['skew_deg']:.2f}°" in text
    assert html.count("data:image/jpeg;base64,") == 12


def test_the_histograms_show_median_and_p95(manifest, html):
    words = [row["words"] for row in manifest.to_pylist() if row["status"] == "ok"]
    text = Page(html).text
    assert f"median {np.median(words):.0f} words" in text
    assert f"p95 {np.percentile(words, 95):.0f} words" in text
    assert html.count('role="img"') == 4


def test_there_is_no_confidence_chart_if_no_page_was_read_by_ocr(corpus, manifest):
    at = manifest.column_names.index("text_source")
    layer = pa.array(["pdf"] * manifest.num_rows)
    html = render(corpus, manifest.set_column(at, MANIFEST_SCHEMA.field("text_source"), layer), 0)
    assert "Mean OCR confidence" not in html
    assert html.count('role="img"') == 3


def test_the_report_contains_the_configuration_and_its_fingerprint(corpus, html):
    assert corpus.index.fingerprint in html
    assert "image_long_side" in Page(html).text


def test_the_same_rows_in_another_order_give_the_same_report(corpus, manifest, html):
    order = np.random.default_rng(0).permutation(manifest.num_rows)
    assert render(corpus, manifest.take(order)) == html


def test_only_the_chart_of_seconds_depends_on_the_clock(corpus, manifest, html):
    at = manifest.column_names.index("seconds")
    slower = pa.array(manifest["seconds"].to_numpy() * 3.7, pa.float32())
    other = render(corpus, manifest.set_column(at, MANIFEST_SCHEMA.field("seconds"), slower))
    chart = re.compile(r"<h3>Seconds per page</h3>.*?</svg>", re.DOTALL)
    assert other != html
    assert chart.sub("", other) == chart.sub("", html)


def test_a_corpus_without_a_single_sample_has_a_report(tmp_path):
    write_corpus(tmp_path / "out", pages=0, shards=1)
    manifest = pq.read_table(tmp_path / "out" / "manifest.parquet")
    page = Page(render(Corpus(tmp_path / "out"), manifest))
    assert page.open == []
    assert "What is left out, and why" in page.text


def test_the_report_of_a_corpus_without_failures_has_no_list_of_failures(tmp_path):
    write_corpus(tmp_path / "out", pages=3, shards=1, bad_pages=0, bad_documents=0)
    manifest = pq.read_table(tmp_path / "out" / "manifest.parquet")
    assert "What is left out" not in render(Corpus(tmp_path / "out"), manifest)


@needs_chromium
def test_a_browser_shows_every_page_and_can_hide_a_layer_without_a_script(corpus, html, tmp_path):
    (tmp_path / "report.html").write_text(html)
    words = sum(len(corpus[number].page().words) for number in range(len(corpus)) if corpus.key(number) in html)
    hidden = "getComputedStyle(document.querySelector('.cells')).display === 'none'"
    with chromium() as (page, messages):
        page.goto((tmp_path / "report.html").as_uri())
        assert page.locator("figure").count() == 12
        assert page.locator(".word").count() == words
        assert page.locator("script").count() == 0
        assert not page.evaluate(hidden)
        page.dispatch_event("#show-grid", "click")
        assert page.evaluate(hidden)
        assert messages == []
