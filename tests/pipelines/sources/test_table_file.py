"""Pages of table files: words have the boxes at which they are printed, in the lines of the table."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
from PIL import Image

from pipelines.build.inspection import DocumentTask, inspect_document
from pipelines.build.pages import PageBuilder, PageTask
from pipelines.config import PageConfig
from pipelines.page.assemble import PageId, PageResult
from schemas import Page, PageStatus, decode_page, load_tokenizer
from schemas.page_file import FilePage, GivenWord, encode_page_file
from schemas.table_file import TextTable, encode_table_file

CONFIG = PageConfig(text_source="pdf", image_long_side=800)
CITIES = TextTable(("City", "Founded"), (("New York", "1624"), ("Zürich – Nord", "")), "Two cities")


def built(path: Path) -> list[PageResult]:
    facts = inspect_document(DocumentTask(path, str(path)))
    assert facts.status is PageStatus.OK, facts.detail
    builder = PageBuilder(CONFIG, None, load_tokenizer())
    ids = (PageId(str(path), facts.sha256, number, facts.pages) for number in range(1, facts.pages + 1))
    return [builder(PageTask(each, path)) for each in ids]


def results_of(folder: Path, table: TextTable) -> list[PageResult]:
    path = folder / "cities.table.json"
    path.write_bytes(encode_table_file(table))
    return built(path)


def page_of(result: PageResult) -> Page:
    assert result.sample is not None, result.facts
    return decode_page(result.sample["json"])


def lines_of(page: Page) -> list[str]:
    return [" ".join(word.text for word in page.words if word.line == line) for line in range(len(page.lines))]


def test_a_row_of_the_table_is_a_line_of_the_page(tmp_path):
    [result] = results_of(tmp_path, CITIES)
    page = page_of(result)
    assert lines_of(page) == ["Two cities", "City Founded", "New York 1624", "Zürich – Nord"]
    assert (page.width_pt, page.height_pt, page.text_source, page.ocr_engine) == (612, 792, "pdf", "")
    assert page.image_height == 800


def test_the_box_of_a_word_is_where_its_ink_is(tmp_path):
    [result] = results_of(tmp_path, CITIES)
    page = page_of(result)
    ink = np.asarray(Image.open(io.BytesIO(result.sample["jpg"])).convert("L")) < 128
    unit_x, unit_y = page.image_width / 1000, page.image_height / 1000
    for word in page.words:
        x0, y0, x1, y1 = word.box
        around = ink[round(y0 * unit_y) : round(y1 * unit_y) + 1, round(x0 * unit_x) - 2 : round(x1 * unit_x) + 3]
        columns = np.flatnonzero(around.any(axis=0))
        assert columns[0] <= 4 and columns[-1] >= around.shape[1] - 5, word


def test_a_table_is_not_read_as_two_columns_of_text(tmp_path):
    texts = ("a wide cell of many words", "17", "another wide cell of many words", "23")
    [result] = results_of(tmp_path, TextTable((), (texts,) * 20))
    assert lines_of(page_of(result)) == [" ".join(texts)] * 20


def test_the_same_table_gives_the_same_bytes(tmp_path):
    table = TextTable(("a", "b"), (("1", "2"),) * 120)
    first, second = results_of(tmp_path, table), results_of(tmp_path, table)
    assert len(first) > 1
    assert [result.sample for result in first] == [result.sample for result in second]


def test_a_page_file_can_name_a_page_of_a_table(tmp_path):
    (tmp_path / "cities.table.json").write_bytes(encode_table_file(CITIES))
    path = tmp_path / "a.pages.jsonl"
    word = GivenWord("word", (0, 0, 61.2, 79.2))
    listed = [FilePage("cities.table.json"), FilePage("cities.table.json", words=(word,))]
    path.write_bytes(encode_page_file(listed))
    read, given = map(page_of, built(path))
    assert lines_of(read)[0] == "Two cities"
    assert [(each.text, each.box) for each in given.words] == [("word", (0, 0, 100, 100))]


def failure_of(path: Path, data: bytes) -> tuple[str, str]:
    path.write_bytes(data)
    facts = inspect_document(DocumentTask(path, str(path)))
    return facts.status.value, facts.detail


def test_a_file_that_is_not_a_table_and_a_table_without_text_are_refused(tmp_path):
    path = tmp_path / "a.table.json"
    assert failure_of(path, b'{"rows": 1}') == ("corrupt", "the file: not a table (TypeError('1 is not a list'))")
    assert failure_of(path, encode_table_file(TextTable(("", " "), ((), ("\n",))))) == ("empty", "no text in the table")
