"""Vertical Chinese and Japanese: Latin words on their side and upright numbers stay in their column."""

from __future__ import annotations

from pathlib import Path

import pymupdf
import pytest

from pipelines.config import PageConfig
from pipelines.lines.place import place_words
from pipelines.page.stopwatch import Stopwatch
from pipelines.sources.pdf import PdfSource
from tests.support.mapped_fonts import helvetica, one_page_of

SIZE, TOP, RIGHT, PITCH = 12.0, 80.0, 420.0, 22.0
HALF = SIZE / 2


@pytest.fixture
def lines(tmp_path):
    """Returns a function that reads the lines of a page, drawn by a function or given as bytes, by its text layer."""

    def read(source, rotation: int = 0) -> list[str]:
        path = Path(tmp_path / "page.pdf")
        with pymupdf.open("pdf", source) if isinstance(source, bytes) else pymupdf.open() as document:
            page = document[0] if isinstance(source, bytes) else document.new_page(width=500, height=700)
            if not isinstance(source, bytes):
                source(page)
            page.set_rotation(rotation)
            path.write_bytes(document.tobytes())
        reading = PdfSource().open(path).read(1, PageConfig(text_source="pdf"), None, Stopwatch())
        height, width = reading.image.shape[:2]
        words, found = place_words(reading.words, width, height)
        return [" ".join(word.text for word in words if word.line == number) for number in range(len(found))]

    return read


def draw_column(page, parts, middle):
    """Draws a column from the top: Latin in <> on its side, Latin in [] upright, other characters glyph by glyph."""
    y = TOP
    for part in parts:
        text = part[1:-1]
        width = pymupdf.get_text_length(text, fontsize=SIZE)
        if part[0] == "<":
            page.insert_text((middle - 0.35 * SIZE, y), text, fontsize=SIZE, rotate=270)
            y += width
        elif part[0] == "[":
            size = SIZE * min(1, SIZE / width)
            width = pymupdf.get_text_length(text, fontsize=size)
            page.insert_text((middle - width / 2, y + 0.85 * SIZE), text, fontsize=size)
            y += SIZE
        else:
            for glyph in part:
                page.insert_text((middle - HALF, y + 0.88 * SIZE), glyph, fontname="japan", fontsize=SIZE)
                y += SIZE


COLUMNS = [
    (
        ["彼女は昨日", "<Google>", "で調べた結果を", "<Mr. Smith>", "に送った。"],
        "彼女は昨日 Google で調べた結果を Mr. Smith に送った。",
    ),
    (["平成", "[12]", "年", "[3]", "月", "[25]", "日、東京で開かれた"], "平成 12 年 3 月 25 日、東京で開かれた"),
    (["<Windows>", "を第", "[10]", "回に使う"], "Windows を第 10 回に使う"),
    (["価格は", "<1,234>", "円、人口は", "[100]", "人"], "価格は 1,234 円、人口は 100 人"),
    (["<(>", "注", "<)>", "これは縦書き", "<(>", "見本", "<)>", "です"], "(注)これは縦書き(見本)です"),
    (["末尾は", "<PDF>"], "末尾は PDF"),
    (["第", "[7]"], "第 7"),
]


@pytest.mark.parametrize("rotation", [0, 90, 180])
def test_words_on_their_side_and_upright_numbers_are_words_of_their_column(lines, rotation):
    def page_of_columns(page):
        for number, (parts, _) in enumerate(COLUMNS):
            draw_column(page, parts, RIGHT - PITCH * number)

    assert lines(page_of_columns, rotation) == [line for _, line in COLUMNS]


@pytest.mark.parametrize("backwards", [False, True])
def test_the_order_in_which_the_parts_of_a_column_were_drawn_does_not_matter(lines, backwards):
    def page_of_columns(page):
        for number in range(3):
            draw_column(page, ["この列の先に続く文章です"], RIGHT - PITCH * number)
        for number in range(3)[:: -1 if backwards else 1]:
            page.insert_text((RIGHT - PITCH * number - 4, TOP + 13 * SIZE), f"Word{number}", rotate=270)

    assert lines(page_of_columns) == [f"この列の先に続く文章です Word{number}" for number in range(3)]


def test_a_vertical_font_and_turned_latin_letters_make_one_line(lines):
    descriptor = "/FontDescriptor<</Type/FontDescriptor/FontName/HeiseiMin-W3/Flags 6/FontBBox[0 -150 1000 850]>>"
    system = "/CIDSystemInfo<</Registry(Adobe)/Ordering(Japan1)/Supplement 2>>"
    child = f"<</Type/Font/Subtype/CIDFontType0/BaseFont/HeiseiMin-W3{system}{descriptor}>>"
    vertical = f"/Type/Font/Subtype/Type0/BaseFont/HeiseiMin-W3/Encoding/UniJIS-UCS2-V/DescendantFonts[{child}]"

    def hexadecimal(text):
        return f"<{text.encode('utf-16-be').hex()}>"

    content = (
        f"BT /V 12 Tf 400 600 Td {hexadecimal('吾輩は')} Tj ET BT /L 12 Tf 0 -1 1 0 396 563 Tm (Tokyo) Tj ET "
        f"BT /V 12 Tf 400 530 Td {hexadecimal('の猫')} Tj ET BT /L 12 Tf 393.5 495 Td (24) Tj ET "
        f"BT /V 12 Tf 400 492 Td {hexadecimal('歳である')} Tj ET "
        f"BT /V 12 Tf 380 600 Td {hexadecimal('名前は無い')} Tj ET"
    )
    page = one_page_of(content, {"V": vertical, "L": helvetica()})
    assert lines(page) == ["吾輩は Tokyo の猫 24 歳である", "名前は無い"]


def test_numbers_below_a_vertical_table_head_stay_in_their_rows(lines):
    def table(page):
        for column, head in enumerate(["売上高", "利益額", "従業員"]):
            draw_column(page, [head], 150 + 60 * column)
        for row in range(3):
            y = TOP + 4 * SIZE + 18 * row
            page.insert_text((50, y), f"Year {2020 + row}", fontsize=SIZE)
            for column in range(3):
                page.insert_text((147 + 60 * column, y), str(row + column), fontsize=SIZE)

    rows = [f"Year {2020 + row} {row} {row + 1} {row + 2}" for row in range(3)]
    assert [line for line in lines(table) if line.startswith("Year")] == rows


def test_labels_beside_a_vertical_heading_are_lines_of_their_own(lines):
    def chart(page):
        draw_column(page, ["第一章"], 450)
        for row in range(8):
            page.insert_text((50, 300 + 20 * row), "The committee met on the first Monday of the month.")
        page.insert_text((300, 120), "Downward", rotate=270)

    found = lines(chart)
    assert "Downward" in found and found.count("The committee met on the first Monday of the month.") == 8
