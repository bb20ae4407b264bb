"""Numbers and signs are read in the direction of the words of their line."""

from __future__ import annotations

from dataclasses import replace

from pipelines.lines.place import place_words
from pipelines.lines.words import RawWord

SIZE = 1000
ARABIC = ("سلام", "كتاب", "مدرسة", "بيت")
ENGLISH = ("Total", "amount", "of", "order")


def row(texts: tuple[str, ...], y: int) -> list[RawWord]:
    """Words from left to right."""
    return [RawWord(text, 100 + 150 * i, y, 200 + 150 * i, y + 30, 1.0) for i, text in enumerate(texts)]


def lines_of(*rows: tuple[str, ...]) -> list[list[str]]:
    found = [word for number, texts in enumerate(rows) for word in row(texts, 100 + 60 * number)]
    words, lines = place_words(found, SIZE, SIZE)
    return [[word.text for word in words if word.line == number] for number in range(len(lines))]


def test_numbers_of_an_english_line_on_an_arabic_page_are_read_from_the_left():
    arabic = lines_of(ARABIC, ARABIC, ("Total", "12", "34", "USD"))
    assert arabic == [list(ARABIC[::-1]), list(ARABIC[::-1]), ["Total", "12", "34", "USD"]]


def test_numbers_of_an_arabic_line_on_an_english_page_are_read_from_the_right():
    english = lines_of(ENGLISH, ENGLISH, (ARABIC[0], "12", "34", ARABIC[1]))
    assert english == [list(ENGLISH), list(ENGLISH), [ARABIC[1], "34", "12", ARABIC[0]]]


def test_a_line_of_numbers_is_read_in_the_direction_of_the_page():
    assert lines_of(ARABIC, ("1", "2", "3"))[1] == ["3", "2", "1"]
    assert lines_of(ENGLISH, ("1", "2", "3"))[1] == ["1", "2", "3"]


def test_words_whose_lines_are_known_keep_lines_and_order():
    spaced = [replace(word, line=0) for word in row(("T", "O", "T", "A", "L"), 300)]
    arabic = [replace(word, line=4) for word in row(ARABIC, 100)]
    words, lines = place_words([*spaced, *arabic], SIZE, SIZE)
    assert [(word.text, word.line) for word in words] == [*((text, 0) for text in "TOTAL"), *((a, 1) for a in ARABIC)]
    assert [line.box for line in lines] == [(100, 300, 800, 330), (100, 100, 650, 130)]
