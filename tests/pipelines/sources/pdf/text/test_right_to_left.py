"""Lines with Hebrew or Arabic: words in logical order, with the brackets that a reader sees."""

from __future__ import annotations

from pathlib import Path

import pymupdf
import pytest

from pipelines.config import PageConfig
from pipelines.lines.place import place_words
from pipelines.page.stopwatch import Stopwatch
from pipelines.sources.pdf import PdfSource
from tests.support.mapped_fonts import character_map, helvetica, one_page_of

HEBREW = dict(zip("abgdhwzxtyklmnspcqrj", "אבגדהוזחטיכלמנספצקרש", strict=True))
MIRRORED = dict(zip("()[]{}<>", ")(][}{><", strict=True))
PLAIN = {sign: sign for sign in " .,:;-/%\"'0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"}
SIZE, RIGHT = 12, 450
# The line from left to right as a reader sees it, small letters for Hebrew ones; and its text.
LINES = [
    ("mjp (hrz) rab", "באר (זרה) פשמ"),
    ("[12 dwm] .2024 dnj", "שנד 2024. [מוד 12]"),
    ('m"xj 1,250.50 ryxm', 'מחיר 1,250.50 שח"מ'),
    ("rps (MSFT) darqn hrbx", "חברה נקראד (MSFT) ספר"),
    ("rps hlwdg (ACME LIMITED) hrbx rab", "באר חברה ( ACME LIMITED ) גדולה ספר"),
    (".ACME LIMITED hlwdg hrbx rab", "באר חברה גדולה ACME LIMITED ."),
    (".ACME hrbx rab", "באר חברה ACME."),
    ("pws (12/05/2024) kyrad", "דאריכ (12/05/2024) סופ"),
    ("20% hxnh -5 rps", "ספר -5 הנחה 20%"),
    ("(b)(1) pyas", "סאיפ (1)(ב)"),
    ("rps F(X) hyqnwp", "פונקיה F(X) ספר"),
    ("{hrz} <rab> p", "פ <באר> {זרה}"),
    ("(1 :hrz", "זרה: 1)"),
    ("rps T.H. hlwdg hrbx", "חברה גדולה T.H. ספר"),
    (".COVID-19 hlwdg hrbx", "חברה גדולה COVID-19."),
    ("rps hrz (a", "א) זרה ספר"),
]


def placed_glyphs(line: str, has_meant_brackets: bool) -> list[tuple[str, float]]:
    """Returns the codes of a line with their x, from left to right.

    The font draws a code as itself, except those of brackets in a PDF with brackets as they are meant: there, the
    bracket that a reader sees as closing has the code of an opening one.
    """
    x = RIGHT - pymupdf.get_text_length(line, fontsize=SIZE)
    placed = []
    for character in line:
        placed.append((MIRRORED.get(character, character) if has_meant_brackets else character, x))
        x += pymupdf.get_text_length(character, fontsize=SIZE)
    return placed


def content_of(placed: list[tuple[str, float]], order: str) -> str:
    parts: list[tuple[str, float]] = []
    for character, x in placed:
        starts_part = order == "glyphs from the right" or (order == "words from the right" and parts[-1:] == [])
        if parts and not starts_part and not (order == "words from the right" and parts[-1][0].endswith(" ")):
            parts[-1] = (parts[-1][0] + character, parts[-1][1])
        else:
            parts.append((character, x))
    parts = parts if order == "from the left" else parts[::-1]
    shown = " ".join(f"1 0 0 1 {x:.2f} 600 Tm ({escaped(text)}) Tj" for text, x in parts)
    return f"BT /F {SIZE} Tf {shown} ET"


def escaped(text: str) -> str:
    return text.replace("(", "\\(").replace(")", "\\)")


@pytest.fixture
def read(tmp_path):
    """Returns a function that reads the line of a page with one line."""

    def run(line: str, order: str, has_meant_brackets: bool = False) -> str:
        characters = HEBREW | PLAIN | {sign: sign for sign in MIRRORED}
        content = content_of(placed_glyphs(line, has_meant_brackets), order)
        path = Path(tmp_path / "page.pdf")
        path.write_bytes(one_page_of(content, {"F": helvetica(50)}, {50: character_map(characters)}))
        reading = PdfSource().open(path).read(1, PageConfig(text_source="pdf"), None, Stopwatch())
        height, width = reading.image.shape[:2]
        words, lines = place_words(reading.words, width, height)
        assert len(lines) == 1
        return " ".join(word.text for word in words)

    return run


ORDERS = ["from the left", "glyphs from the right", "words from the right"]


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize(("line", "expected"), LINES, ids=[line for line, _ in LINES])
def test_the_words_of_a_line_are_in_logical_order(read, line, expected, order):
    assert read(line, order) == expected


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize(("line", "expected"), LINES[:2] + LINES[4:5] + LINES[9:10], ids=str)
def test_brackets_that_are_written_as_they_are_meant_are_kept(read, line, expected, order):
    assert read(line, order, has_meant_brackets=True) == expected


def test_a_vowel_sign_that_is_drawn_beside_its_letter_does_not_cut_the_word(tmp_path):
    characters = {"a": "ب", "b": "ر", "e": "\u0652"}
    content = "BT /F 12 Tf 1 0 0 1 90 600 Tm (a) Tj 1 0 0 1 84 600 Tm (e) Tj 1 0 0 1 83.3 600 Tm (b) Tj ET"
    path = tmp_path / "page.pdf"
    path.write_bytes(one_page_of(content, {"F": helvetica(50)}, {50: character_map(characters)}))
    (word,) = PdfSource().open(path).read(1, PageConfig(text_source="pdf"), None, Stopwatch()).words
    assert word.text == "ب\u0652ر"


def test_a_bracket_around_a_hebrew_word_in_a_line_of_english_is_part_of_the_word(read):
    assert read("THE WORD (mwlj) MEANS PEACE (SEE 12)", "from the left") == "THE WORD (שלומ) MEANS PEACE (SEE 12)"
