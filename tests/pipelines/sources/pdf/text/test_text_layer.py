"""The words of text layers as real programs write them: drawn twice, turned, hidden, in columns, letter-spaced."""

from __future__ import annotations

import math
from pathlib import Path

import pymupdf
import pytest

from pipelines.config import PageConfig
from pipelines.lines.place import place_words
from pipelines.page.normal_form import normalized
from pipelines.page.reading import Reading
from pipelines.page.stopwatch import Stopwatch
from pipelines.sources.pdf import PdfSource
from tests.support.mapped_fonts import character_map, helvetica, one_page_of

PROSE = (
    "The committee met on the first Monday of the month to review the budget and the plans for the new library. "
    "Members agreed that the roof should be repaired before the winter and that the reading room needs more light. "
)


@pytest.fixture
def read(tmp_path):
    """Returns a function that reads the first page of a PDF, given as bytes or drawn by a function, by its layer."""

    def run(source) -> Reading:
        path = Path(tmp_path / "page.pdf")
        path.write_bytes(source if isinstance(source, bytes) else drawn(source))
        return PdfSource().open(path).read(1, PageConfig(text_source="pdf"), None, Stopwatch())

    return run


def drawn(draw) -> bytes:
    with pymupdf.open() as document:
        draw(document.new_page(width=500, height=700))
        return document.tobytes()


def lines_of(reading: Reading) -> list[str]:
    height, width = reading.image.shape[:2]
    words, lines = place_words(normalized(reading.words), width, height)
    return [" ".join(word.text for word in words if word.line == number) for number in range(len(lines))]


@pytest.mark.parametrize("shift_pt", [0, 0.3, 1.5])
def test_a_heading_that_was_drawn_twice_is_read_once(read, shift_pt):
    def heading(page):
        for copy in range(4):
            page.insert_text((50 + copy * shift_pt / 3, 80), "Annual report in a box", fontsize=18)

    assert lines_of(read(heading)) == ["Annual report in a box"]


def test_words_and_letters_that_were_drawn_twice_in_turn_are_read_once(read):
    def words(page):
        for index, word in enumerate(["Whole", "words", "twice"]):
            page.insert_text((50 + 60 * index, 80), word)
            page.insert_text((50.4 + 60 * index, 80), word)
        for index, letter in enumerate("ledger"):
            page.insert_text((50 + 6.6 * index, 120), letter, fontname="cour", fontsize=11)
            page.insert_text((50.3 + 6.6 * index, 120), letter, fontname="cour", fontsize=11)

    assert lines_of(read(words)) == ["Whole words twice", "ledger"]


def test_the_end_of_a_word_that_was_drawn_again_is_left_out(read):
    def words(page):
        page.insert_text((50, 80), "indicated)")
        page.insert_text((50 + pymupdf.get_text_length("indicate", fontsize=11), 80), "d)")

    assert lines_of(read(words)) == ["indicated)"]


def test_a_word_that_stands_twice_on_a_page_stays_twice(read):
    def words(page):
        for place in [(50, 80), (62, 80), (74, 80), (50, 93), (50, 106)]:
            page.insert_text(place, "1")

    assert lines_of(read(words)) == ["1 1 1", "1", "1"]


def test_a_font_that_states_an_extent_of_many_lines_does_not_glue_lines_together(read):
    extent = "/FontBBox[0 -3000 1000 5000]/FontMatrix[.001 0 0 .001 0 0]"
    letters = "/CharProcs<</a 50 0 R>>/Encoding<</Type/Encoding/Differences[97/a]>>/FirstChar 97/LastChar 97"
    font = f"/Type/Font/Subtype/Type3{extent}{letters}/Widths[600]/ToUnicode 51 0 R"
    bar = b"600 0 0 0 500 700 d1 0 0 500 700 re f"
    content = "BT /F 12 Tf 50 600 Td 15 TL (aaa) Tj T* (aa) Tj T* (aaaa) Tj ET"
    reading = read(one_page_of(content, {"F": font}, {50: bar, 51: character_map({"a": "a"})}))
    assert lines_of(reading) == ["aaa", "aa", "aaaa"]
    points = reading.height_pt / reading.image.shape[0]
    assert all((word.y1 - word.y0) * points < 1.5 * 12 for word in reading.words)


@pytest.mark.parametrize("page_rotation", [0, 90, 180, 270])
@pytest.mark.parametrize("angle_deg", [35, 90, 145, 180, 270, 315])
def test_turned_text_is_a_line_of_its_own_behind_the_page(read, angle_deg, page_rotation):
    def page_with_stamp(page):
        page.insert_textbox((80, 60, 420, 400), PROSE * 2, fontsize=12)
        pivot = pymupdf.Point(250, 500)
        page.insert_text(pivot, "Printed in Hamburg", morph=(pivot, pymupdf.Matrix(1, 1).prerotate(-angle_deg)))
        page.set_rotation(page_rotation)

    lines = lines_of(read(page_with_stamp))
    assert lines[-1] == "Printed in Hamburg"
    assert " ".join(lines[:-1]).split() == (PROSE * 2).split()


def test_heads_of_a_table_that_run_upwards_are_lines_from_left_to_right(read):
    heads = ["Temperature", "Air pressure", "Wind speed"]

    def table(page):
        for column, head in enumerate(heads):
            page.insert_text((150 + 60 * column, 200), head, rotate=90)
        for row, day in enumerate(["Monday", "Tuesday", "Friday"]):
            page.insert_text((50, 230 + 20 * row), day)
            for column in range(3):
                page.insert_text((145 + 60 * column, 230 + 20 * row), str(10 * row + column))

    assert lines_of(read(table)) == ["Monday 0 1 2", "Tuesday 10 11 12", "Friday 20 21 22", *heads]


def test_letters_along_an_arc_are_one_line(read):
    def seal(page):
        for index, letter in enumerate("HARBOUROFFICE"):
            angle = math.radians(-150 + 10 * index)
            place = pymupdf.Point(250 + 80 * math.cos(angle), 300 + 80 * math.sin(angle))
            turn = pymupdf.Matrix(1, 1).prerotate(-math.degrees(angle) - 90)
            page.insert_text(place, letter, fontsize=14, morph=(place, turn))

    assert "".join(sorted("".join(lines_of(read(seal))))) == "".join(sorted("HARBOUROFFICE"))
    assert len(lines_of(read(seal))) <= 3  # the level letters at the top are a part of their own


@pytest.mark.parametrize("angle_deg", [30, 45, 60, -45])
def test_a_watermark_does_not_join_the_columns_that_it_crosses(read, angle_deg):
    def columns(page):
        page.insert_textbox((50, 60, 235, 600), PROSE * 4, fontsize=10)
        page.insert_textbox((265, 60, 450, 600), PROSE * 4, fontsize=10)

    def with_watermark(page):
        columns(page)
        pivot = pymupdf.Point(150, 330)
        turn = pymupdf.Matrix(1, 1).prerotate(-angle_deg)
        page.insert_text(pivot, "CONFIDENTIAL DRAFT", fontsize=30, color=(0.8,) * 3, morph=(pivot, turn))

    assert lines_of(read(with_watermark)) == [*lines_of(read(columns)), "CONFIDENTIAL DRAFT"]


def test_words_that_nobody_sees_are_left_out_and_counted(read):
    def hidden(page):
        page.insert_text((50, 80), "Seen in black")
        page.insert_text((50, 100), "White on white", color=(1, 1, 1))
        page.insert_text((50, 120), "Without opacity", fill_opacity=0, stroke_opacity=0)
        page.insert_text((50, 140), "Render mode three", render_mode=3)
        page.insert_text((50, 160), "Tiny letters", fontsize=0.5)
        page.insert_text((50, 180), "Under a bar")
        page.draw_rect((48, 168, 120, 185), color=(0, 0, 0), fill=(0, 0, 0))
        page.draw_rect((48, 195, 120, 210), color=(0, 0, 0.6), fill=(0, 0, 0.6))
        page.insert_text((50, 206), "White on blue", color=(1, 1, 1))
        page.insert_text((50, 230), "Pale gray", color=(0.93,) * 3)

    reading = read(hidden)
    assert lines_of(reading) == ["Seen in black", "White on blue", "Pale gray"]
    assert reading.detail == "hidden words left out: 13"


def hexadecimal(text: str) -> str:
    return f"<{text.encode('utf-16-be').hex()}>"


def test_a_vertical_font_gives_columns_from_right_to_left(read):
    descriptor = "/FontDescriptor<</Type/FontDescriptor/FontName/HeiseiMin-W3/Flags 6/FontBBox[0 -150 1000 850]>>"
    system = "/CIDSystemInfo<</Registry(Adobe)/Ordering(Japan1)/Supplement 2>>"
    child = f"<</Type/Font/Subtype/CIDFontType0/BaseFont/HeiseiMin-W3{system}{descriptor}>>"
    font = f"/Type/Font/Subtype/Type0/BaseFont/HeiseiMin-W3/Encoding/UniJIS-UCS2-V/DescendantFonts[{child}]"
    columns = ["吾輩は猫である。", "名前はまだ無い", "何処"]
    content = " ".join(
        f"BT /F 14 Tf {400 - 24 * number} 600 Td {hexadecimal(text)} Tj ET" for number, text in enumerate(columns)
    )
    reading = read(one_page_of(content, {"F": font}))
    assert lines_of(reading) == columns
    assert [word.text for word in reading.words] == columns


def test_columns_that_were_set_glyph_by_glyph_are_read_like_a_vertical_font(read):
    columns = ["吾輩は猫である", "名前は無い", "猫"]

    def page_of_columns(page):
        for number, text in enumerate(columns):
            for index, glyph in enumerate(text):
                page.insert_text((400 - 24 * number, 100 + 15 * index), glyph, fontname="japan", fontsize=14)

    assert lines_of(read(page_of_columns)) == columns


@pytest.mark.parametrize("space_pt", [2.5, 4, 9])
@pytest.mark.parametrize("font", ["helv", "hebo", "tiro", "cour"])
def test_letter_spaced_headings_are_words(read, font, space_pt):
    def heading(page):
        x = 40.0
        for letter in "ANNUAL REPORT":
            page.insert_text((x, 80), letter, fontname=font, fontsize=11)
            x += pymupdf.get_text_length(letter, fontname=font, fontsize=11) + space_pt
        page.insert_textbox((50, 110, 450, 300), PROSE, fontsize=12)

    assert lines_of(read(heading))[0] == "ANNUAL REPORT"


def test_small_gaps_between_words_without_spaces_separate_words(read):
    def words(page):
        x = 50.0
        for word in ["Words", "set", "apart", "by", "small", "gaps", "alone"]:
            page.insert_text((x, 80), word, fontsize=12)
            x += pymupdf.get_text_length(word, fontsize=12) + 0.14 * 12

    assert lines_of(read(words)) == ["Words set apart by small gaps alone"]


HEBREW = {"a": "א", "b": "ב", "g": "ג", "d": "ד", "h": "ה", "s": "ש"}
ARABIC = {"a": "ا", "n": "\ufee7", "w": "\ufeee", "e": "ع", "k": "\ufccb", "t": "ط", "y": "\ufef4"}


@pytest.mark.parametrize(
    ("characters", "drawn_text", "words"),
    [
        pytest.param(HEBREW, "hsd gba", ["אבג", "דשה"], id="Hebrew"),
        pytest.param(ARABIC, "tak eawna", ["انواع", "لخاط"], id="Arabic, presentation forms"),
    ],
)
def test_text_from_right_to_left_starts_with_the_right_word(read, characters, drawn_text, words):
    """The glyphs of the line are drawn from left to right, or each at its place from right to left."""
    fonts, streams = {"F": helvetica(50)}, {50: character_map(characters | {" ": " "})}
    from_left = f"BT /F 12 Tf 50 600 Td ({drawn_text}) Tj ET"
    from_right = "BT /F 12 Tf " + " ".join(
        f"1 0 0 1 {50 + pymupdf.get_text_length(drawn_text[:index], fontsize=12):.2f} 600 Tm ({letter}) Tj"
        for index, letter in reversed(list(enumerate(drawn_text)))
    )
    for content in (from_left, f"{from_right} ET"):
        assert lines_of(read(one_page_of(content, fonts, streams))) == [" ".join(words)]


def test_a_latin_name_in_a_line_from_right_to_left_keeps_its_own_direction(read):
    fonts, streams = {"F": helvetica(50), "L": helvetica()}, {50: character_map(HEBREW | {" ": " "})}
    content = "BT /F 12 Tf 50 600 Td (hsd ) Tj /L 12 Tf (Folio two ) Tj /F 12 Tf (ha gba) Tj ET"
    assert lines_of(read(one_page_of(content, fonts, streams))) == ["אבג אה Folio two דשה"]


@pytest.mark.parametrize(("drawn_text", "line"), [("34 hsd 12 gba", "אבג 12 דשה 34"), ("3 2 1 gba", "אבג 1 2 3")])
def test_numbers_in_a_line_from_right_to_left_are_read_in_its_direction(read, drawn_text, line):
    fonts, streams = {"F": helvetica(50)}, {50: character_map(HEBREW | {" ": " "})}
    content = f"BT /F 12 Tf 50 600 Td ({drawn_text}) Tj ET"
    assert lines_of(read(one_page_of(content, fonts, streams))) == [line]


def test_ligatures_and_drawn_soft_hyphens_are_plain_letters_and_hyphens(read):
    fonts, streams = {"F": helvetica(50)}, {50: character_map({"@": "ﬁ", "-": "\u00ad"})}
    content = "BT /F 12 Tf 50 600 Td (The de@ned @les -5,15 and well-known) Tj ET"
    assert lines_of(read(one_page_of(content, fonts, streams))) == ["The defined files -5,15 and well-known"]


def test_a_glyph_without_a_character_is_marked_as_unknown(read):
    font = helvetica().replace("/WinAnsiEncoding", "<</Type/Encoding/Differences[65/g0001/g0002]>>")
    (word,) = read(one_page_of("BT /F 12 Tf 50 600 Td (CAB) Tj ET", {"F": font})).words
    assert word.text == "C\ufffd\ufffd"


@pytest.mark.parametrize("matrix", ["1e9 0 0 1 50 600", "1 0 0 1e9 50 600", "1 0 0 1 9e8 600", "0 0 0 0 50 600"])
def test_words_beyond_the_page_do_not_stop_the_others(read, matrix):
    content = f"BT /F 12 Tf {matrix} Tm (Lost words) Tj ET BT /F 12 Tf 50 500 Td (On the page) Tj ET"
    assert "On the page" in lines_of(read(one_page_of(content, {"F": helvetica()})))
