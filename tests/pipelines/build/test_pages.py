"""The facts of a page: language, time per stage, and why the page was left out."""

from __future__ import annotations

import pytest

from pipelines.build.inspection import stamp_of
from pipelines.build.pages import PageBuilder, PageTask
from pipelines.config import PageConfig
from pipelines.filters import Filter
from pipelines.filters.language import Languages
from pipelines.filters.min_words import MinWords
from pipelines.page.assemble import PageFacts, PageId
from pipelines.sources.pdf.document import PdfDocument
from schemas import PageStatus, load_tokenizer
from tests.support.hostile import one_page

GERMAN = "Die Rechnung ist innerhalb von dreißig Tagen ohne Abzug zu bezahlen"


@pytest.fixture
def facts_of(tmp_path):
    """Returns a function that builds a page with the given text from its text layer."""

    def build(text: str, *filters: Filter) -> PageFacts:
        (tmp_path / "page.pdf").write_bytes(one_page(text))
        builder = PageBuilder(PageConfig(text_source="pdf", filters=filters), None, load_tokenizer())
        result = builder(PageTask(PageId("page.pdf", "0" * 64, 1, 1), tmp_path / "page.pdf"))
        assert (result.sample is not None) == (result.facts.status is PageStatus.OK)
        return result.facts

    return build


def test_a_page_in_a_requested_language_is_kept(facts_of):
    facts = facts_of(GERMAN, Languages(("de", "en")))
    assert (facts.status, facts.language) == (PageStatus.OK, "de")


def test_a_page_in_another_language_keeps_its_facts_and_the_reason(facts_of):
    facts = facts_of(GERMAN, Languages(("en", "fr")))
    assert facts.status is PageStatus.OTHER_LANGUAGE
    assert facts.detail == "de, --languages is en,fr"
    assert (facts.words, facts.language, facts.text_source, facts.mean_score) == (11, "de", "pdf", 1.0)


def test_a_page_of_numbers_has_no_language(facts_of):
    facts = facts_of("12.50 4711 30/04/2019", Languages(("en",)))
    assert facts.status is PageStatus.OTHER_LANGUAGE
    assert facts.detail.startswith("too little text to tell")


def test_a_page_with_few_words_keeps_its_facts_and_the_reason(facts_of):
    facts = facts_of("Two words", MinWords(3))
    assert (facts.status, facts.words) == (PageStatus.TOO_FEW_WORDS, 2)
    assert facts.detail == "2 words, --min_words is 3"


def test_the_time_of_a_page_is_the_sum_of_its_stages(facts_of):
    facts = facts_of(GERMAN)
    assert facts.seconds_render > 0 and facts.seconds_rest > 0 and facts.seconds_ocr == 0
    assert facts.seconds == pytest.approx(facts.seconds_render + facts.seconds_rest)


def test_the_time_of_a_blank_page_is_measured_too(facts_of):
    facts = facts_of("")
    assert facts.status is PageStatus.BLANK
    assert 0 < facts.seconds_render <= facts.seconds


def test_a_page_is_not_read_from_a_file_that_was_replaced_after_it_was_hashed(tmp_path):
    path = tmp_path / "page.pdf"
    path.write_bytes(one_page("Some words that were there before"))
    builder = PageBuilder(PageConfig(text_source="pdf"), None, load_tokenizer())
    task = PageTask(PageId("page.pdf", "0" * 64, 1, 1), path, stamp_of(path))
    assert builder(task).facts.status is PageStatus.OK
    (tmp_path / "new.pdf").write_bytes(one_page("Other words"))
    (tmp_path / "new.pdf").rename(path)
    assert builder(task).facts.status is PageStatus.CHANGED
    path.unlink()
    assert builder(task).facts.status is PageStatus.CHANGED


def test_a_page_gets_the_reason_of_the_first_filter_that_leaves_it_out(facts_of):
    facts = facts_of("Zwei Wörter", MinWords(3), Languages(("en",)))
    assert facts.status is PageStatus.TOO_FEW_WORDS


def test_a_document_is_closed_when_the_next_one_is_opened(tmp_path, monkeypatch):
    closed = []
    monkeypatch.setattr(PdfDocument, "close", lambda document: closed.append(document))
    builder = PageBuilder(PageConfig(text_source="pdf"), None, load_tokenizer())
    for number in range(3):
        path = tmp_path / f"{number}.pdf"
        path.write_bytes(one_page(f"Letter {number} to the harbour master"))
        for _ in range(2):
            assert builder(PageTask(PageId(path.name, "0" * 64, 1, 1), path)).facts.status is PageStatus.OK
    assert len(closed) == 2
