"""Single characters in boxes of their own, and text that runs up or down the page, read by the default engine."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence

import numpy as np
import pymupdf
import pytest

from pipelines.lines.place import place_words
from pipelines.lines.words import RawWord
from pipelines.ocr.directions import DOWN, UP, UPRIGHT, read_directed
from pipelines.ocr.engine import OcrEngine, load_engine
from pipelines.ocr.line_reader import LineReader
from pipelines.ocr.recognise import LineText, TextRun
from pipelines.page.deskew import straighten
from pipelines.samples.document import make_document
from schemas import UsageError

DPI = 150
ANSWERS_FROM = 0.35  # share of the width of a questionnaire: the questions, which are numbered, are to the left
MONTHS = ("January", "February", "March", "April", "May", "June")
Draw = Callable[[pymupdf.Page], None]


@pytest.fixture(scope="module")
def engine() -> OcrEngine:
    return load_engine("paddleocr")


def pixels_of(page: pymupdf.Page) -> np.ndarray:
    pixmap = page.get_pixmap(dpi=DPI, colorspace="rgb", alpha=False)
    return np.frombuffer(pixmap.samples, np.uint8).reshape(pixmap.height, pixmap.width, 3)


def drawn(draw: Draw) -> np.ndarray:
    """Returns a page with a few rows of text, and what `draw` adds to it, as `(height, width, 3)` uint8 RGB."""
    with pymupdf.open() as document:
        page = document.new_page(width=420, height=420)
        for row in range(3):
            page.insert_text((60, 320 + 20 * row), "The reading room needs more light in the winter.", fontsize=11)
        draw(page)
        return pixels_of(page)


def sample(kind: str, index: int, scan_share: float) -> tuple[np.ndarray, list[tuple[str, np.ndarray, int]]]:
    """Returns the first page of a sample without skew, and its words with boxes in pixels and lines."""
    document = make_document(5, index, scan_share, [kind])
    words = json.loads(document.truth)["pages"][0]["words"]
    with pymupdf.open(stream=document.pdf) as pdf:
        image, _ = straighten(pixels_of(pdf[0]))
    boxes = np.array(words["box"]) * (np.array([image.shape[1], image.shape[0]] * 2) / 1000)
    return image, list(zip(words["text"], boxes, words["line"], strict=True))


def texts_at(words: Sequence[RawWord], angle_deg: float) -> list[str]:
    return [word.text for word in words if word.angle_deg == angle_deg]


def is_around(box: np.ndarray, word: RawWord) -> bool:
    """Returns whether a found box fits a true one: they share half of their union, with the margin of the detector."""
    x0, y0, x1, y1 = box + 0.15 * (box[3] - box[1]) * np.array([-1, -1, 1, 1])
    shared = max(min(x1, word.x1) - max(x0, word.x0), 0) * max(min(y1, word.y1) - max(y0, word.y0), 0)
    return shared >= 0.5 * ((x1 - x0) * (y1 - y0) + (word.x1 - word.x0) * (word.y1 - word.y0) - shared)


@pytest.mark.parametrize(("index", "scan_share"), [(0, 0.0), (1, 0.0), (6, 1.0)])
def test_the_answers_of_a_questionnaire_are_read_in_their_place_on_their_row(engine, index, scan_share):
    image, truth = sample("questionnaire", index, scan_share)
    found = engine.examine(image).words()
    answers = [(text, box) for text, box, _ in truth if len(text) == 1 and box[0] > ANSWERS_FROM * image.shape[1]]
    right = sum(any(word.text == text and is_around(box, word) for word in found) for text, box in answers)
    assert right >= 0.85 * len(answers)
    _, lines = place_words(found, image.shape[1], image.shape[0])
    assert len(lines) == truth[-1][2] + 1


def test_a_page_of_upright_text_has_no_turned_words(engine):
    image, _ = sample("questionnaire", 0, 0.0)
    assert {(word.angle_deg, word.run) for word in engine.examine(image).words()} == {(UPRIGHT, 0)}


@pytest.mark.parametrize("turn", [0, 90, 180, 270])
def test_answers_of_one_character_do_not_hide_the_rotation_of_a_page(engine, turn):
    image, _ = sample("questionnaire", 0, 0.0)
    assert engine.examine(np.ascontiguousarray(np.rot90(image, -turn // 90))).rotation() == -turn % 360


@pytest.mark.parametrize(("angle_deg", "rotate"), [(UP, 90), (DOWN, 270)])
def test_turned_labels_are_read_in_their_direction_each_as_a_run(engine, angle_deg, rotate):
    def draw(page: pymupdf.Page) -> None:
        for place, month in enumerate(MONTHS):
            page.insert_text((80 + 50 * place, 160), month, fontsize=11, rotate=rotate)

    found = engine.examine(drawn(draw)).words()
    assert sorted(texts_at(found, angle_deg)) == sorted(MONTHS)
    runs = [word.run for word in found if word.angle_deg == angle_deg]
    assert len(set(runs)) == len(MONTHS) and 0 not in runs
    assert {word.run for word in found if word.angle_deg == UPRIGHT} == {0}


def test_tesseract_tells_the_direction_of_its_lines():
    pytest.importorskip("tesserocr", reason="the extra folio[tesseract] is not installed")
    try:
        tesseract = load_engine("tesseract")
    except UsageError as error:
        pytest.skip(str(error))
    image = drawn(lambda page: page.insert_text((40, 300), "Millimetres of rain per month", fontsize=11, rotate=90))
    found = tesseract.examine(image).words()
    turned = [word for word in found if word.angle_deg == UP]
    assert [word.text for word in turned] == ["Millimetres", "of", "rain", "per", "month"]
    assert {word.run for word in turned} == {1}
    assert {(word.angle_deg, word.run) for word in found if word not in turned} == {(UPRIGHT, 0)}


def test_the_words_of_a_turned_line_are_in_order_and_in_their_place(engine):
    image = drawn(lambda page: page.insert_text((40, 300), "Millimetres of rain per month", fontsize=11, rotate=90))
    found = engine.examine(image).words()
    words, lines = place_words(found, image.shape[1], image.shape[0])
    assert [word.text for word in words[-5:]] == ["Millimetres", "of", "rain", "per", "month"]
    assert {word.line for word in words[-5:]} == {len(lines) - 1}
    tops = [word.y0 for text in ("Millimetres", "of", "rain", "per", "month") for word in found if word.text == text]
    assert tops == sorted(tops, reverse=True)


def test_numbers_that_can_be_read_upside_down_have_the_direction_of_the_other_labels(engine):
    def draw(page: pymupdf.Page) -> None:
        for place, label in enumerate(("September", "1961", "Population", "1986")):
            page.insert_text((80 + 50 * place, 160), label, fontsize=11, rotate=270)

    assert sorted(texts_at(engine.examine(drawn(draw)).words(), DOWN)) == ["1961", "1986", "Population", "September"]


def test_a_line_that_is_aslant_is_a_run_with_its_angle(engine):
    def draw(page: pymupdf.Page) -> None:
        start = pymupdf.Point(120, 240)
        page.insert_text(start, "CONFIDENTIAL", fontsize=22, morph=(start, pymupdf.Matrix(40)))

    found = engine.examine(drawn(draw)).words()
    (stamp,) = (word for word in found if word.text == "CONFIDENTIAL")
    assert stamp.run > 0 and abs(stamp.angle_deg - 320) < 3
    assert {(word.angle_deg, word.run) for word in found if word is not stamp} == {(UPRIGHT, 0)}


def test_slim_characters_in_cells_are_upright(engine):
    def draw(page: pymupdf.Page) -> None:
        for place, character in enumerate("17I40N6H9Z"):
            page.insert_text((60 + 30 * place, 100), character, fontsize=12)
            page.draw_rect(pymupdf.Rect(50 + 30 * place, 86, 80 + 30 * place, 106), width=0.6)

    found = engine.examine(drawn(draw)).words()
    cells = sorted((word.x0, word.text) for word in found if word.y1 < 300)
    assert "".join(text for _, text in cells).replace("I", "1") == "1714" + "0N6H9Z"


def test_columns_of_japanese_are_the_layout(engine):
    with pymupdf.open() as document:
        page = document.new_page(width=300, height=420)
        for column, text in enumerate(
            ("吾輩は猫である名前はまだ無い", "何でも薄暗いじめじめした所で", "生れたかとんと見当がつかぬ")
        ):
            for row, character in enumerate(text):
                page.insert_text((220 - 40 * column, 60 + 17 * row), character, fontname="japan", fontsize=16)
        image = pixels_of(page)
    found = engine.examine(image).words()
    assert {(word.angle_deg, word.run) for word in found} == {(DOWN, 0)}
    words, _ = place_words(found, image.shape[1], image.shape[0])
    assert words[0].text.startswith("吾輩") and words[-1].text.startswith("生れ")


def test_chinese_characters_that_look_framed_keep_their_frame(engine):
    with pymupdf.open() as document:
        page = document.new_page(width=420, height=300)
        for row in range(3):
            page.insert_text(
                (60, 160 + 30 * row), "委员会每月第一个星期一开会讨论预算", fontname="china-s", fontsize=14
            )
        for place, character in enumerate("回国四田"):
            page.insert_text((60 + 50 * place, 100), character, fontname="china-s", fontsize=14)
        image = pixels_of(page)
    found = [word for word in engine.examine(image).words() if word.y1 < 250]
    assert "".join(word.text for word in sorted(found, key=lambda word: word.x0)) == "回国四田"


class FakeReader(LineReader):
    """Reads every box as a given text with a given score, which depends on the direction."""

    def __init__(self, **readings: tuple[str, float]) -> None:
        self.readings = {{"upright": UPRIGHT, "down": DOWN, "up": UP}[name]: value for name, value in readings.items()}
        self.count = 0

    def read(self, image: np.ndarray, quads: list[np.ndarray]) -> list[LineText]:
        self.count += len(quads)
        return [self._read(quad[1] - quad[0]) for quad in quads]

    def _read(self, along: np.ndarray) -> LineText:
        angle = float(np.degrees(np.arctan2(along[1], along[0])) % 360)
        text, score = self.readings.get(angle, ("", 0.0))
        return LineText((TextRun(text, 0.0, 1.0, score),), score)


def box(width: float, height: float) -> np.ndarray:
    return np.array([(50, 50), (50 + width, 50), (50 + width, 50 + height), (50, 50 + height)], np.float32)


ROWS = [box(400, 30)] * 3
SLIM, LONG = box(16, 28), box(30, 200)


@pytest.mark.parametrize(
    ("quad", "readings", "angle_deg", "count"),
    [
        (SLIM, {"upright": ("7", 0.99)}, UPRIGHT, 1),
        (SLIM, {"upright": ("7", 0.9), "up": ("L", 0.99), "down": ("7", 0.99)}, UPRIGHT, 3),
        (SLIM, {"upright": ("2", 0.9), "up": ("Q2", 0.99), "down": ("20", 0.9)}, UP, 3),
        (LONG, {"up": ("Costs", 0.99)}, UP, 1),
        (LONG, {"up": ("Costs", 0.9), "down": ("Costs", 0.99)}, DOWN, 3),
        (LONG, {"up": ("1961", 0.99), "down": ("1961", 0.9)}, UP, 3),
        (LONG, {"up": ("I", 0.99), "down": ("I", 0.99), "upright": ("I", 0.9)}, UPRIGHT, 3),
    ],
)
def test_a_box_is_read_again_only_if_the_first_reading_is_not_sure(quad, readings, angle_deg, count):
    reader = FakeReader(**readings)
    line = read_directed(reader, np.zeros((400, 500, 3), np.uint8), [*ROWS, quad])[-1]
    assert line.angle_deg == angle_deg
    assert reader.count - len(ROWS) == count


def test_a_wide_box_is_read_once_whatever_its_score():
    reader = FakeReader(upright=("blurred", 0.2), up=("clear", 0.99))
    (line,) = read_directed(reader, np.zeros((400, 500, 3), np.uint8), ROWS[:1])
    assert (line.angle_deg, line.text.characters, reader.count) == (UPRIGHT, "blurred", 1)
