"""Assembling is a pure function: it turns a reading into a sample without a document."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.config import PageConfig
from pipelines.filters.language import Languages
from pipelines.filters.min_words import MinWords
from pipelines.lines.words import RawWord
from pipelines.page.assemble import PageId, assemble
from pipelines.page.reading import EngineName, Reading
from schemas import PageStatus, decode_page, load_tokenizer

PAGE = PageId("memory://letter", "ab" * 32, page=3, pages=7)
CONFIG = PageConfig(image_long_side=200)


def reading(*words: RawWord, **facts) -> Reading:
    """A white page of 300 x 400 pixels."""
    image = np.full((400, 300, 3), 255, np.uint8)
    return Reading(image, list(words), 450.004, 600.0, **{"text_source": "ocr", **facts})


HELLO = RawWord("hello", 30, 40, 90, 60, 0.5)
WORLD = RawWord("world", 120, 40, 180, 60, 0.9)


@pytest.fixture(scope="module")
def tokenizer():
    return load_tokenizer()


def test_a_sample_contains_the_values_of_the_reading(tokenizer):
    engine = EngineName("dictionary", "weights", "2")
    result = assemble(reading(WORLD, HELLO, engine=engine, rotation=90, skew_deg=1.5), PAGE, CONFIG, tokenizer)
    page = decode_page(result.sample["json"])
    assert (page.key, page.uri, page.page, page.pages) == (PAGE.key, "memory://letter", 3, 7)
    assert (page.width_pt, page.height_pt, page.rotation, page.skew_deg) == (450.0, 600.0, 90, 1.5)
    assert (page.ocr_engine, page.ocr_model, page.ocr_version) == ("dictionary", "weights", "2")
    assert (page.image_width, page.image_height) == (150, 200)
    assert [(word.text, word.box, word.line) for word in page.words] == [
        ("hello", (100, 100, 300, 150), 0),
        ("world", (400, 100, 600, 150), 0),
    ]


def test_the_facts_match_the_sample(tokenizer):
    facts = assemble(reading(HELLO, WORLD, detail="repaired"), PAGE, CONFIG, tokenizer).facts
    assert (facts.status, facts.detail, facts.words, facts.lines) == (PageStatus.OK, "repaired", 2, 1)
    assert facts.mean_score == pytest.approx(0.7)
    assert (facts.image_width, facts.image_height) == (150, 200)
    assert facts.tokens == sum(map(len, tokenizer.encode_words(["hello", "world"])))


def test_a_page_without_words_is_left_out_and_has_no_sample(tokenizer):
    result = assemble(reading(), PAGE, CONFIG, tokenizer)
    assert result.sample is None
    assert result.facts.status is PageStatus.TOO_FEW_WORDS


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        (MinWords(3), PageStatus.CORRUPT),
        (Languages(("en",)), PageStatus.CORRUPT),
        (MinWords(2), PageStatus.OK),
    ],
)
def test_damage_is_the_reason_why_a_page_has_too_little_text(tokenizer, kind, status):
    facts = assemble(reading(HELLO, WORLD, damage="damaged: zlib"), PAGE, PageConfig(filters=(kind,)), tokenizer).facts
    assert facts.status is status and facts.detail.endswith("damaged: zlib")


def test_a_damaged_page_in_another_language_is_not_corrupt(tokenizer):
    words = ["Die", "Rechnung", "ist", "innerhalb", "von", "dreißig", "Tagen", "ohne", "Abzug", "zu", "bezahlen"]
    german = [RawWord(word, 20.0 * x, 40, 20.0 * x + 15, 60, 1.0) for x, word in enumerate(words)]
    config = PageConfig(filters=(Languages(("en",)),))
    facts = assemble(reading(*german, damage="damaged: zlib"), PAGE, config, tokenizer).facts
    assert (facts.status, facts.detail) == (PageStatus.OTHER_LANGUAGE, "de, --languages is en")


def test_damage_follows_the_other_details(tokenizer):
    facts = assemble(reading(HELLO, detail="repaired", damage="damaged: zlib"), PAGE, CONFIG, tokenizer).facts
    assert facts.detail == "repaired; damaged: zlib"


@given(st.permutations([HELLO, WORLD, RawWord("again", 30, 100, 90, 120, 1.0)]))
def test_the_order_of_the_words_does_not_change_a_byte(tokenizer, words):
    expected = assemble(reading(HELLO, WORLD, RawWord("again", 30, 100, 90, 120, 1.0)), PAGE, CONFIG, tokenizer)
    assert assemble(reading(*words), PAGE, CONFIG, tokenizer).sample == expected.sample


def test_a_reading_with_an_unknown_text_source_is_refused():
    with pytest.raises(ValueError, match="text_source is 'magic', but must be one of ocr, pdf"):
        reading(HELLO, text_source="magic")
