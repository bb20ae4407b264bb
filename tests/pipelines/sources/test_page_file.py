"""Pages of page files: words that are given keep their place and their index; a wrong line costs one page."""

from __future__ import annotations

import json
from pathlib import Path

import pymupdf
import pytest
from PIL import Image, ImageDraw

from pipelines.build.inspection import DocumentTask, inspect_document
from pipelines.build.pages import PageBuilder, PageTask
from pipelines.config import PageConfig
from pipelines.page.assemble import PageId, PageResult
from schemas import Page, PageStatus, decode_page, load_tokenizer
from schemas.page_file import FilePage, GivenWord, encode_page_file
from tests.support.hostile import one_page

CONFIG = PageConfig(text_source="pdf", image_long_side=300)
HELLO, WORLD = GivenWord("hello", (20, 40, 80, 60), 0.5), GivenWord("world", (100, 40, 160, 60))


def draw(folder: Path, name: str = "scan.png", colour: str = "white") -> str:
    """Writes an image of 400 x 600 pixels with a bar near the top left corner."""
    image = Image.new("RGB", (400, 600), colour)
    ImageDraw.Draw(image).rectangle((20, 40, 80, 60), fill="black")
    image.save(folder / name)
    return name


def pages_of(
    folder: Path, content: bytes, config: PageConfig = CONFIG, name: str = "a.pages.jsonl"
) -> list[PageResult]:
    path = folder / "a.pages.jsonl"
    path.write_bytes(content)
    facts = inspect_document(DocumentTask(path, str(path)))
    assert facts.status is PageStatus.OK, facts.detail
    builder = PageBuilder(config, None, load_tokenizer())
    ids = (PageId(str(path), facts.sha256, number, facts.pages) for number in range(1, facts.pages + 1))
    return [builder(PageTask(each, path)) for each in ids]


def page_of(folder: Path, listed: FilePage, config: PageConfig = CONFIG) -> Page:
    [result] = pages_of(folder, encode_page_file([listed]), config)
    assert result.sample is not None, result.facts
    return decode_page(result.sample["json"])


def failure_of(folder: Path, listed: FilePage) -> tuple[str, str]:
    [result] = pages_of(folder, encode_page_file([listed]))
    return result.facts.status.value, result.facts.detail


def words_of(page: Page) -> list[tuple]:
    return [(word.text, word.box, word.source) for word in page.words]


def test_given_words_become_lines_in_reading_order_and_keep_their_index(tmp_path):
    below = GivenWord("below", (20, 100, 80, 120))
    page = page_of(tmp_path, FilePage(draw(tmp_path), words=(below, WORLD, HELLO), engine="other"))
    assert words_of(page) == [
        ("hello", (50, 67, 200, 100), 2),
        ("world", (250, 67, 400, 100), 1),
        ("below", (50, 167, 200, 200), 0),
    ]
    assert [word.line for word in page.words] == [0, 0, 1]
    assert [word.score for word in page.words] == [0.5, 1.0, 1.0]
    assert (page.text_source, page.ocr_engine, page.ocr_model) == ("ocr", "other", "")
    assert (page.image_width, page.image_height, page.skew_deg) == (200, 300, 0.0)


def test_words_without_an_engine_are_the_text_of_the_document(tmp_path):
    page = page_of(tmp_path, FilePage(draw(tmp_path), words=(HELLO,)))
    assert (page.text_source, page.ocr_engine) == ("pdf", "")


def test_boxes_can_be_in_any_unit_with_corners_in_any_order_and_are_clipped(tmp_path):
    word = GivenWord("hello", (0.2, 0.1, -0.05, 0.05))
    page = page_of(tmp_path, FilePage(draw(tmp_path), words=(word,), size=(1, 1)))
    assert words_of(page) == [("hello", (0, 50, 200, 100), 0)]


def test_words_outside_of_the_page_are_left_out_and_counted(tmp_path):
    listed = FilePage(draw(tmp_path), words=(GivenWord("far", (900, 40, 950, 60)), HELLO))
    [result] = pages_of(tmp_path, encode_page_file([listed]))
    assert words_of(decode_page(result.sample["json"])) == [("hello", (50, 67, 200, 100), 1)]
    assert result.facts.detail == "words outside of the page left out: 1"


@pytest.mark.parametrize(
    ("rotation", "box"),
    [(0, (50, 67, 200, 100)), (90, (900, 50, 933, 200)), (180, (800, 900, 950, 933)), (270, (67, 800, 100, 950))],
)
def test_image_and_boxes_are_turned_together(tmp_path, rotation, box):
    [result] = pages_of(tmp_path, encode_page_file([FilePage(draw(tmp_path), words=(HELLO,), rotation=rotation)]))
    page = decode_page(result.sample["json"])
    assert words_of(page) == [("hello", box, 0)] and page.rotation == rotation
    (tmp_path / "page.jpg").write_bytes(result.sample["jpg"])
    with Image.open(tmp_path / "page.jpg") as image:
        assert (page.width_pt > page.height_pt) == (image.width > image.height) == (rotation in (90, 270))
        x0, y0, x1, y1 = box
        inside = image.convert("L").getpixel(((x0 + x1) * image.width // 2000, (y0 + y1) * image.height // 2000))
    assert inside < 50


def test_a_text_with_blanks_becomes_words_that_share_its_box_and_its_index(tmp_path):
    word = GivenWord(" to the\tend ", (100, 40, 200, 60))
    page = page_of(tmp_path, FilePage(draw(tmp_path), words=(HELLO, word)))
    assert words_of(page)[1:] == [
        ("to", (250, 67, 300, 100), 1),
        ("the", (325, 67, 400, 100), 1),
        ("end", (425, 67, 500, 100), 1),
    ]


def test_the_first_word_of_a_hebrew_text_with_blanks_is_at_the_right(tmp_path):
    page = page_of(tmp_path, FilePage(draw(tmp_path), words=(GivenWord("שלום עולם", (20, 40, 200, 60)),)))
    assert [word.text for word in page.words] == ["שלום", "עולם"]
    assert page.words[0].box[0] > page.words[1].box[2]


def test_a_letter_spaced_word_has_the_index_of_its_first_letter(tmp_path):
    letters = [GivenWord(letter, (20 + 14 * x, 40, 30 + 14 * x, 60)) for x, letter in enumerate("ANNUAL")]
    page = page_of(tmp_path, FilePage(draw(tmp_path), words=(GivenWord("below", (20, 100, 80, 120)), *letters)))
    assert [(word.text, word.source) for word in page.words] == [("ANNUAL", 1), ("below", 0)]


def test_words_get_their_normal_form_and_empty_ones_are_dropped(tmp_path):
    words = (GivenWord("", (1, 1, 5, 5)), GivenWord("\u200b", (1, 1, 5, 5)), GivenWord("ﬁne", (20, 40, 80, 60)))
    assert words_of(page_of(tmp_path, FilePage(draw(tmp_path), words=words))) == [("fine", (50, 67, 200, 100), 2)]


def test_a_white_page_is_blank_only_without_words(tmp_path):
    Image.new("L", (400, 600), 255).save(tmp_path / "white.png")
    assert words_of(page_of(tmp_path, FilePage("white.png", words=(HELLO,))))
    assert failure_of(tmp_path, FilePage("white.png", words=())) == ("blank", "nothing on it")


def test_a_page_of_a_pdf_can_be_named_with_boxes_in_points_as_it_is_shown(tmp_path):
    with pymupdf.open(stream=one_page("first"), filetype="pdf") as document:
        document.new_page(width=400, height=200).set_rotation(90)
        document[1].insert_text((20, 50), "second", fontsize=14)
        document.save(tmp_path / "two.pdf")
    page = page_of(tmp_path, FilePage("two.pdf", page=2, words=(GivenWord("second", (20, 40, 80, 60)),)))
    assert words_of(page) == [("second", (100, 100, 400, 150), 0)]
    assert (page.width_pt, page.height_pt, page.rotation) == (200, 400, 90)


def test_without_words_the_source_of_the_named_file_reads_the_page(tmp_path):
    (tmp_path / "letter.pdf").write_bytes(one_page("Dear reader of pages"))
    page = page_of(tmp_path, FilePage("letter.pdf"))
    assert [(word.text, word.source) for word in page.words][:2] == [("Dear", -1), ("reader", -1)]


@pytest.mark.parametrize(
    ("listed", "status", "reason"),
    [
        (FilePage("missing.png", words=(HELLO,)), "unreadable", "missing.png cannot be read: No such file"),
        (FilePage("scan.png\0", words=(HELLO,)), "unreadable", "embedded null byte"),
        (FilePage("scan.png", page=2, words=(HELLO,)), "corrupt", "scan.png has no page 2: it has 1"),
        (FilePage("a.pages.jsonl", words=(HELLO,)), "corrupt", "cannot name another page file"),
        (FilePage("empty.png", words=(HELLO,)), "empty", "empty.png: the file has 0 bytes"),
        (FilePage("text.png", words=(HELLO,)), "corrupt", "text.png: is not an image"),
        (FilePage("huge.png", words=(HELLO,)), "too_large", "huge.png: "),
        (FilePage("scan.png", words=(GivenWord("x", (0, 0, 1, 1), 97.5),)), "corrupt", "a score is 97.5"),
        (FilePage("scan.png", words=(GivenWord("x", (0, 0, 1e300, 1)),), size=(1e-20, 1)), "corrupt", "a box is too"),
    ],
)
def test_a_page_that_cannot_be_read_says_why(tmp_path, listed, status, reason):
    draw(tmp_path)
    (tmp_path / "empty.png").write_bytes(b"")
    (tmp_path / "text.png").write_bytes(b"no image")
    Image.new("1", (20_000, 20_000)).save(tmp_path / "huge.png")
    found = failure_of(tmp_path, listed)
    assert found[0] == status and reason in found[1]


@pytest.mark.parametrize(
    "line",
    [
        b"{",
        b"",
        b"\xff",
        b"[]",
        b'{"file": 3}',
        b'{"file": "scan.png", "page": 1e999}',
        b'{"file": "scan.png", "rotation": 45}',
        b'{"file": "scan.png", "words": {"text": ["a"], "box": [[0, 0, NaN, 1]]}}',
        b'{"file": "scan.png", "words": {"text": ["a"], "box": []}}',
    ],
)
def test_a_wrong_line_costs_only_its_own_page(tmp_path, line):
    good = encode_page_file([FilePage(draw(tmp_path), words=(HELLO,))])
    first, wrong, last = pages_of(tmp_path, good + line + b"\n" + good)
    assert wrong.facts.status is PageStatus.CORRUPT and "line 2: not a page" in wrong.facts.detail
    assert first.facts.status is last.facts.status is PageStatus.OK


def test_a_copy_of_a_remote_page_file_is_refused_with_the_reason(tmp_path):
    copy = tmp_path / ("0" * 64)
    copy.write_bytes(encode_page_file([FilePage("scan.png", words=(HELLO,))]))
    facts = inspect_document(DocumentTask(copy, "gs://bucket/a.pages.jsonl"))
    assert facts.status is PageStatus.UNREADABLE and "must be on a local disk" in facts.detail


def test_a_link_of_the_build_leads_to_the_images_beside_the_page_file(tmp_path):
    (tmp_path / "scans").mkdir()
    path = tmp_path / "scans" / "A.PAGES.JSONL"
    path.write_bytes(encode_page_file([FilePage(draw(path.parent), words=(HELLO,))]))
    link = tmp_path / ("0" * 64)
    link.symlink_to(path)
    builder = PageBuilder(CONFIG, None, load_tokenizer())
    assert builder(PageTask(PageId(str(path), "0" * 64, 1, 1), link)).facts.status is PageStatus.OK


def test_an_empty_page_file_is_empty(tmp_path):
    path = tmp_path / "a.pages.jsonl"
    path.write_bytes(b"")
    assert inspect_document(DocumentTask(path, str(path))).status is PageStatus.EMPTY


def test_the_index_is_stored_as_a_column_of_the_words(tmp_path):
    [result] = pages_of(tmp_path, encode_page_file([FilePage(draw(tmp_path), words=(WORLD, HELLO))]))
    assert json.loads(result.sample["json"])["words"]["source"] == [1, 0]


def test_words_without_an_image_stand_on_a_white_page(tmp_path):
    page = page_of(tmp_path, FilePage("", words=(HELLO, WORLD), size=(200, 400)))
    assert words_of(page) == [("hello", (100, 100, 400, 150), 0), ("world", (500, 100, 800, 150), 1)]
    assert (page.image_width, page.image_height) == (150, 300)


def test_a_page_without_an_image_needs_words_and_their_size(tmp_path):
    assert failure_of(tmp_path, FilePage("", words=(HELLO,))) == ("corrupt", "a page without file needs words and size")
    assert failure_of(tmp_path, FilePage("", size=(9, 9))) == ("corrupt", "a page without file needs words and size")
