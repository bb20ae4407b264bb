"""A table of any size is printed without losing a word, and rows stay together."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import example, given, settings
from hypothesis import strategies as st

from pipelines.drawing.canvas import Sheet
from pipelines.drawing.table_layout import MAX_SIDE
from pipelines.drawing.table_pages import draw_table
from schemas.table_file import TextTable

texts = st.text("ab1 \n-é–漢", max_size=30)
rows = st.lists(st.lists(texts, max_size=5).map(tuple), max_size=12).map(tuple)
tables = st.builds(TextTable, st.lists(texts, max_size=5).map(tuple), rows, texts)


def lines_of(sheet: Sheet) -> list[str]:
    last = sheet.rows[-1].line if sheet.rows else -1
    return [" ".join(word.text for word in sheet.rows if word.line == line) for line in range(last + 1)]


def type_size(sheet: Sheet) -> float:
    return min(span.font.size for span, _ in sheet.spans)


def words_of(table: TextTable) -> list[str]:
    return sorted(" ".join([table.title, *table.header, *(text for row in table.rows for text in row)]).split())


def assert_on_page(sheet: Sheet) -> None:
    """Asserts that all words are on the page and no two words overlap."""
    boxes = [word.box for word in sheet.rows]
    assert all(0 < x0 < x1 < sheet.width and 0 < y0 < y1 < sheet.height for x0, y0, x1, y1 in boxes)
    for one, other in pairwise(sorted(boxes, key=lambda box: (box[1], box[0]))):
        assert one[2] <= other[0] + 1e-6 or one[3] <= other[1] + 1e-6


def table(rows: int, columns: int, text: str = "cell") -> TextTable:
    header = tuple(f"head{column}" for column in range(columns))
    return TextTable(header, tuple(tuple(f"{text}{row}.{column}" for column in range(columns)) for row in range(rows)))


def test_rows_are_lines_from_top_to_bottom_below_title_and_header():
    [sheet] = draw_table(TextTable(("City", "Year"), (("New York", "1898"), ("Paris", "")), "Large cities"))
    assert lines_of(sheet) == ["Large cities", "City Year", "New York 1898", "Paris"]
    assert (sheet.width, sheet.height, type_size(sheet)) == (612, 792, 10)


def test_a_short_row_ends_early_and_a_long_row_has_columns_without_heading():
    [sheet] = draw_table(TextTable(("a", "b"), (("1",), ("2", "3", "4"), ())))
    assert lines_of(sheet) == ["a b", "1", "2 3 4"]


def test_a_cell_of_several_lines_is_one_text_that_is_wrapped_only_if_it_is_long():
    [sheet] = draw_table(TextTable(("Term\nof office", "x"), (("from\n1990\tto 1995", "y"),)))
    assert lines_of(sheet) == ["Term of office x", "from 1990 to 1995 y"]
    [sheet] = draw_table(TextTable(("Note", "x"), (("word " * 100, "y"),)))
    assert lines_of(sheet)[1].endswith("word y") and len(lines_of(sheet)) > 3


def test_a_wide_table_gets_a_page_on_its_side_then_smaller_type_then_a_wider_page():
    [upright], [aside], [small], [wide] = (draw_table(table(3, columns)) for columns in (8, 14, 20, 60))
    assert (upright.width, aside.width, small.width) == (612, 792, 792)
    assert (type_size(upright), type_size(aside)) == (10, 10)
    assert 5 <= type_size(small) < 10
    assert wide.width > 792 and type_size(wide) == 5
    assert_on_page(wide)


def test_a_long_table_gets_smaller_type_as_long_as_it_fits_on_one_page():
    [short], [long] = draw_table(table(30, 3)), draw_table(table(60, 3))
    assert type_size(short) == 10
    assert 5 <= type_size(long) < 10


def test_a_longer_table_goes_on_below_its_headings_on_further_pages():
    sheets = draw_table(table(200, 2))
    assert len(sheets) > 2 and type_size(sheets[0]) == 10
    assert {lines_of(sheet)[0] for sheet in sheets} == {"head0 head1"}
    assert [line for sheet in sheets for line in lines_of(sheet)[1:]] == [f"cell{i}.0 cell{i}.1" for i in range(200)]


def test_a_cell_that_is_longer_than_a_page_goes_on_on_the_next_one():
    given_table = TextTable(("Note",), ((" ".join(f"w{i}" for i in range(9000)),),))
    sheets = draw_table(given_table)
    assert len(sheets) > 1
    found = [word.text for sheet in sheets for word in sheet.rows if word.text != "Note"]
    assert found == [f"w{i}" for i in range(9000)]


def test_a_word_that_is_wider_than_any_page_is_printed_in_one_piece():
    [sheet] = draw_table(TextTable(("x",), (("m" * 5000,),)))
    assert [word.text for word in sheet.rows] == ["x", "m" * 5000]
    assert sheet.width <= MAX_SIDE
    assert_on_page(sheet)


@settings(max_examples=40, deadline=None)
@given(tables)
@example(TextTable((), ()))
@example(TextTable(("head " * 3000, "b"), (("x", "y"), ("z", "w")), "title " * 200))
def test_no_word_is_lost_or_printed_twice_on_a_page(given_table):
    sheets = draw_table(given_table)
    if len(sheets) == 1:
        assert sorted(word.text for word in sheets[0].rows) == words_of(given_table)
    assert {word.text for sheet in sheets for word in sheet.rows} == {*words_of(given_table)}
    for sheet in sheets:
        assert_on_page(sheet)


def test_the_same_table_gives_the_same_pages():
    assert draw_table(table(70, 9)) == draw_table(table(70, 9))
