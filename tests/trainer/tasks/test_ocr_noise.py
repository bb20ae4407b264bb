"""Words are misread as often as asked, in their order and on the page, and the same for the same random numbers."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas import Word
from tests.schemas.strategies import pages
from trainer.tasks.ocr_noise import KINDS, OcrErrors, folio_errors, misread

CONFUSIONS = [["l", "1", 9, 100], ["0", "O", 1, 100], ["rn", "m", 1, 50], [".", "", 1, 50]]
rates = st.floats(0, 1)
seeds = st.integers(0, 2**32)


def errors_of(kind: str) -> OcrErrors:
    """Errors of one kind. A substituted word has one wrong place."""
    return OcrErrors.of({"kinds": {name: int(name == kind) for name in KINDS}, "edits": [1], "confusions": CONFUSIONS})


def line_of(*texts: str, line: int = 0) -> list[Word]:
    """Words of ten thousandths per character, with gaps of ten."""
    words, x = [], 0
    for number, text in enumerate(texts):
        words.append(Word(text, (x, 20, x + 10 * len(text), 40), 1.0, line, number))
        x += 10 * len(text) + 10
    return words


def read(words: list[Word], rate: float, seed: int = 0, errors: OcrErrors | None = None) -> list[Word]:
    return misread(words, rate, np.random.default_rng(seed), errors)


@settings(max_examples=30)
@given(pages(), seeds)
def test_nothing_is_misread_at_rate_0(page, seed):
    assert read(list(page.words), 0.0, seed) == list(page.words)


@settings(max_examples=30)
@given(pages(), rates, seeds)
def test_words_stay_on_the_page_and_on_their_lines_in_order(page, rate, seed):
    words = read(list(page.words), rate, seed)
    assert [word.line for word in words] == sorted(word.line for word in words)
    assert {word.line for word in words} <= {word.line for word in page.words}
    for word in words:
        assert word.text
        x0, y0, x1, y1 = word.box
        assert 0 <= x0 <= x1 <= 1000 and 0 <= y0 <= y1 <= 1000
    assert words == read(list(page.words), rate, seed)


@given(rates, seeds)
def test_no_given_word_has_two_words_of_the_page(rate, seed):
    words = line_of(*["all", "0", "l", "corn", "x."] * 20)
    sources = [word.source for word in read(words, rate, seed) if word.source >= 0]
    assert sources == sorted(set(sources))


@pytest.mark.parametrize("rate", [0.05, 0.1, 0.2, 1.0])
def test_the_share_of_misread_words_is_the_rate(rate):
    count = 4000
    words = [Word("hello", (0, 0, 50, 10), 1.0, line) for line in range(count)]  # one per line: nothing can be joined
    right = sum(word.text == "hello" for word in read(words, rate))
    deviation = (count * rate * (1 - rate)) ** 0.5
    assert count - right == pytest.approx(count * rate, abs=4 * deviation)


def test_a_higher_rate_keeps_the_errors_of_a_lower_one():
    words = [Word("hello", (0, 0, 50, 10), 1.0, line, line) for line in range(1000)]
    right = [{word.source for word in read(words, rate) if word.text == "hello"} for rate in (0.05, 0.1, 0.2)]
    assert right[0] > right[1] > right[2]


def test_characters_are_confused_as_often_as_the_table_says():
    texts = [word.text for word in read(line_of(*["l0"] * 2000), 1.0, errors=errors_of("substituted"))]
    assert set(texts) == {"10", "lO"}
    assert texts.count("10") == pytest.approx(1800, abs=60)


@pytest.mark.parametrize(("text", "found"), [("corn", "com"), ("xy", "y"), (".", None), ("x", None)])
def test_a_word_is_read_with_the_only_wrong_character_that_it_can_have(text, found):
    words = read(line_of(text), 1.0, errors=errors_of("substituted"))
    assert [word.text for word in words] == ([found] if found else [])


def test_a_dropped_word_is_gone():
    assert read(line_of("a", "b"), 1.0, errors=errors_of("dropped")) == []


def test_joined_words_share_a_box_and_have_the_source_of_the_first():
    words = [*line_of("ab", "cd"), *line_of("ll", line=1)]
    joined, alone = read(words, 1.0, errors=errors_of("joined"))
    assert joined == Word("abcd", (0, 20, 50, 40), 1.0, 0, 0)
    assert (alone.text, alone.line) == ("1l", 1) or alone.text == "l1", "words are joined only within a line"


@pytest.mark.parametrize("text", ["abcd", "אבגד"])
def test_a_split_word_divides_its_box_and_leaves_its_source_to_the_first_part(text):
    first, second = read([Word(text, (100, 20, 140, 40), 0.5, 0, 7)], 1.0, errors=errors_of("split"))
    assert first.text + second.text == text
    assert (first.source, second.source) == (7, -1)
    left, right = (first, second) if text == "abcd" else (second, first)
    assert left.box == (100, 20, 100 + 10 * len(left.text), 40)
    assert right.box == (left.box[2], 20, 140, 40)


def test_the_errors_of_folio_are_of_all_kinds():
    errors = folio_errors()
    assert min(errors.kinds) > 0
    assert sum(errors.kinds) == pytest.approx(1)
    assert all(found != true for true, row in errors.confusions.items() for found in row)
    assert all(0 < rate <= 1 for row in errors.confusions.values() for rate in row.values())
