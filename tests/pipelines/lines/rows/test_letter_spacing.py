"""Letter-spaced text becomes words; rows of single letters that are no words stay apart."""

from __future__ import annotations

import pytest

from pipelines.lines.rows.letter_spacing import join_letter_spaced
from pipelines.lines.words import RawWord


def row(text: str, letter_gap: float, word_gap: float, height: float = 10.0) -> list[RawWord]:
    """Returns a word per letter of a text, letters 6 wide."""
    words, x = [], 0.0
    for letter in text:
        if letter == " ":
            x += word_gap - letter_gap
        else:
            words.append(RawWord(letter, x, 0.0, x + 6, height, 1.0))
            x += 6 + letter_gap
    return words


def texts(words: list[RawWord]) -> list[str]:
    return [word.text for word in words]


@pytest.mark.parametrize("gaps", [(1.0, 4.0), (2.8, 5.6), (3.0, 8.0), (6.5, 14.0)])
@pytest.mark.parametrize("text", ["ANNUAL REPORT", "chapter one", "TABLE OF CONTENTS", "THE END OF A TALE"])
def test_the_letters_of_a_heading_are_joined_to_words(text, gaps):
    assert texts(join_letter_spaced(row(text, *gaps))) == text.split()


def test_the_box_of_a_joined_word_covers_its_letters():
    first, _ = join_letter_spaced(row("ANNUAL REPORT", 3.0, 9.0))
    assert first.box == (0.0, 0.0, 6 * 6 + 5 * 3.0, 10.0)


@pytest.mark.parametrize(
    ("text", "gap"),
    [
        pytest.param("A B C D E F", 5.0, id="the alphabet"),
        pytest.param("X X X X X X", 5.0, id="marks"),
        pytest.param("1 2 3 4 5 6", 5.0, id="digits"),
        pytest.param("Y N Y Y N", 30.0, id="answers in the columns of a table"),
        pytest.param("A B A", 4.0, id="three letters"),
        pytest.param("a x + b y = c", 3.0, id="a formula"),
    ],
)
def test_single_letters_that_are_no_word_stay_apart(text, gap):
    letters = row(text.replace(" ", ""), gap, gap)
    assert join_letter_spaced(letters) == letters


@pytest.mark.parametrize("gap", [1.0, 3.0, 5.0])
@pytest.mark.parametrize(
    "text",
    ["YNNY", "YNYYNNNY", "TFFTTF", "BADCEAB", "MFFMF", "ACGTTAGC", "ynay", "PAPPA", "KTRNSPBD", "NANYY"],
)
def test_closely_set_answers_and_gene_letters_stay_apart(text, gap):
    letters = row(text, gap, gap)
    assert join_letter_spaced(letters) == letters


WIDTHS = {"I": 2.5, "L": 5.0, "M": 8.5, "W": 9.0}


def placed(text: str, gap: float | None, cell: float = 12.0) -> list[RawWord]:
    """Returns a word per letter, with widths as in a proportional font: with even gaps, or centred in even cells."""
    words, x = [], 0.0
    for number, letter in enumerate(text):
        width = WIDTHS.get(letter, 6.5)
        left = x if gap is not None else cell * (number + 0.5) - width / 2
        words.append(RawWord(letter, left, 0.0, left + width, 10.0, 1.0))
        x = left + width + (gap or 0.0)
    return words


@pytest.mark.parametrize("text", ["MILITARY", "WILLIAM", "LIMITED", "MINIMUM"])
def test_letters_in_cells_of_one_width_stay_apart_and_letters_with_even_gaps_are_joined(text):
    assert texts(join_letter_spaced(placed(text, None))) == list(text)
    assert texts(join_letter_spaced(placed(text, 3.0))) == [text]


@pytest.mark.parametrize("text", ["MEMO", "DATA", "AGENDA", "INDEX", "ÜBERSICHT", "ОТЧЁТ", "RHYTHMS OF LIFE"])
def test_short_and_foreign_headings_are_joined(text):
    assert texts(join_letter_spaced(row(text, 2.8, 7.0))) == text.split()


def test_ordinary_words_around_letter_spaced_ones_stay():
    spaced = row("REPORT", 3.0, 9.0)
    words = [RawWord("The", -30.0, 0, -10.0, 10, 1.0), *spaced, RawWord("ends", 70.0, 0, 95.0, 10, 1.0)]
    assert texts(join_letter_spaced(words)) == ["The", "REPORT", "ends"]
