"""Turned and skewed pages, built with the real OCR engine, become upright."""

from __future__ import annotations

from difflib import SequenceMatcher

import numpy as np
import pymupdf
import pytest
import simplejpeg

from pipelines.build.pages import PageBuilder, PageTask
from pipelines.config import PageConfig
from pipelines.ocr.engine import load_engine
from pipelines.page.assemble import PageId, PageResult
from pipelines.page.deskew import deskew
from schemas import PageStatus, decode_page, load_tokenizer

DPI = 150
NEARLY_ALL = 0.94  # of the words: a few letters are read differently because the pixels differ
TURNS = [0, 90, 180, 270]
PROSE = (
    "The members met in the town hall on Tuesday to hear the report of the harbour master. Twelve vessels had entered "
    "the port since spring, of which nine carried timber and three were in ballast. The dredging of the northern "
    "channel is to begin in June, weather permitting, at a price that the treasurer called moderate."
)
JAPANESE = (
    "吾輩は猫である。名前はまだ無い。どこで生れたかとんと見当がつかぬ。何でも薄暗い所で泣いていた事だけは記憶している。"
)


@pytest.fixture(scope="module")
def engine():
    return load_engine("paddleocr")


@pytest.fixture
def build(engine, tmp_path):
    """Returns a function that builds the first page of a PDF."""
    numbers = iter(range(1000))

    def run(pdf: bytes, text_source: str = "ocr") -> PageResult:
        path = tmp_path / f"{next(numbers)}.pdf"
        path.write_bytes(pdf)
        config = PageConfig(text_source=text_source)
        builder = PageBuilder(config, None if text_source == "pdf" else engine, load_tokenizer())
        return builder(PageTask(PageId(path.name, "0" * 64, 1, 1), path))

    return run


def letter(turn: int = 0) -> bytes:
    """A typeset page with a heading, a paragraph and a total at the right, turned clockwise by `turn` degrees."""
    with pymupdf.open() as upright, pymupdf.open() as document:
        page = upright.new_page(width=420, height=560)
        page.insert_text((50, 70), "Harbour report", fontsize=20)
        page.insert_textbox((50, 100, 370, 330), PROSE, fontsize=12)
        page.insert_text((50, 380), "Vessels entered", fontsize=12)
        page.insert_text((330, 380), "twelve", fontsize=12)
        size = (560, 420) if turn % 180 else (420, 560)
        turned = document.new_page(width=size[0], height=size[1])
        turned.show_pdf_page(turned.rect, upright, 0, rotate=-turn)
        return document.tobytes(no_new_id=True)


def columns() -> bytes:
    """A page of Japanese text in columns from right to left."""
    with pymupdf.open() as document:
        page = document.new_page(width=420, height=560)
        for column in range(10):
            for row in range(24):
                character = JAPANESE[(24 * column + row) % len(JAPANESE)]
                page.insert_text((360 - 32 * column, 70 + 19 * row), character, fontname="japan", fontsize=17)
        return document.tobytes(no_new_id=True)


def both_ways() -> bytes:
    """A page with equal amounts of text from left to right and from bottom to top."""
    with pymupdf.open() as document:
        page = document.new_page(width=560, height=560)
        page.insert_textbox((40, 40, 520, 250), PROSE, fontsize=12)
        page.insert_textbox((40, 290, 250, 540), PROSE, fontsize=12, rotate=90)
        return document.tobytes(no_new_id=True)


def picture(pdf: bytes) -> np.ndarray:
    with pymupdf.open(stream=pdf, filetype="pdf") as document:
        pixels = document[0].get_pixmap(dpi=DPI, colorspace="rgb", alpha=False)
        return np.frombuffer(pixels.samples, np.uint8).reshape(pixels.height, pixels.width, 3)


def scan(image: np.ndarray, rotate: int = 0) -> bytes:
    """A PDF with one page that is an image, and with a /Rotate entry."""
    jpg = simplejpeg.encode_jpeg(np.ascontiguousarray(image), 90, "RGB", "444")
    with pymupdf.open() as document:
        page = document.new_page(width=image.shape[1] * 72 / DPI, height=image.shape[0] * 72 / DPI)
        page.insert_image(page.rect, stream=jpg)
        page.set_rotation(rotate)
        return document.tobytes(no_new_id=True)


def turned(image: np.ndarray, turn: int) -> np.ndarray:
    return np.rot90(image, -turn // 90)


def texts(result: PageResult) -> list[str]:
    return [word.text for word in page_of(result).words]


def page_of(result: PageResult):
    assert result.facts.status is PageStatus.OK, result.facts
    return decode_page(result.sample["json"])


def image_of(result: PageResult) -> np.ndarray:
    return simplejpeg.decode_jpeg(result.sample["jpg"], "GRAY")[:, :, 0].astype(int)


@pytest.mark.parametrize("turn", TURNS)
def test_a_turned_scan_is_built_like_an_upright_scan(build, turn):
    upright, found = build(scan(picture(letter()))), build(scan(turned(picture(letter()), turn)))
    page, expected = page_of(found), page_of(upright)
    assert page.rotation == -turn % 360
    assert (page.width_pt, page.height_pt) == pytest.approx((expected.width_pt, expected.height_pt), abs=0.5)
    same = [(ours, theirs) for ours, theirs in zip(page.words, expected.words, strict=True) if ours.text == theirs.text]
    assert len(same) >= NEARLY_ALL * len(page.words)
    assert all(np.abs(np.subtract(ours.box, theirs.box)).max() <= 12 for ours, theirs in same)
    assert [word.line for word in page.words] == [word.line for word in expected.words]
    assert np.abs(image_of(found) - image_of(upright)).mean() < 3


@pytest.mark.parametrize("turn", TURNS)
def test_a_page_with_a_turned_text_layer_is_turned_upright(build, turn):
    upright, found = build(letter(), "pdf"), build(letter(turn), "pdf")
    assert page_of(found).rotation == -turn % 360
    assert texts(found) == texts(upright)
    assert np.abs(image_of(found) - image_of(upright)).mean() < 3


def test_the_rotation_is_the_sum_of_the_entry_of_the_pdf_and_the_correction(build):
    upside_down_with_its_entry = scan(turned(picture(letter()), 90), rotate=90)
    page = page_of(build(upside_down_with_its_entry))
    assert page.rotation == 270
    assert [word.text for word in page.words[:2]] == ["Harbour", "report"]


@pytest.mark.parametrize("skew_deg", [-10.0, -4.0, 7.0, 10.0])
@pytest.mark.parametrize("turn", [0, 90])
def test_a_scan_can_be_turned_and_skewed(build, turn, skew_deg):
    straight = picture(letter())
    found = build(scan(turned(deskew(straight, -skew_deg), turn)))
    assert page_of(found).rotation == -turn % 360
    assert page_of(found).skew_deg == pytest.approx(skew_deg, abs=0.2)
    expected = texts(build(scan(straight)))
    assert SequenceMatcher(None, texts(found), expected, autojunk=False).ratio() >= NEARLY_ALL


@pytest.mark.parametrize("turn", [0, 180])
def test_japanese_columns_are_turned_upright(build, turn):
    assert page_of(build(scan(turned(picture(columns()), turn)))).rotation == turn


@pytest.mark.parametrize("source", ["ocr", "pdf"])
@pytest.mark.parametrize("document", [columns(), both_ways()], ids=["columns", "both ways"])
def test_a_page_with_columns_or_mixed_directions_is_not_turned(build, document, source):
    assert page_of(build(document, source)).rotation == 0


def test_a_page_built_twice_from_one_open_document_has_the_same_result(engine, tmp_path):
    path = tmp_path / "turned.pdf"
    path.write_bytes(scan(turned(picture(letter()), 270)))
    builder = PageBuilder(PageConfig(), engine, load_tokenizer())
    first, second = (builder(PageTask(PageId(path.name, "0" * 64, 1, 1), path)) for _ in range(2))
    assert first.sample == second.sample
    assert first.facts.words == second.facts.words and first.facts.rotation == second.facts.rotation == 90
