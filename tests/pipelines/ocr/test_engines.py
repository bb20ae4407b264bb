"""Both engines, with their published weights, on typeset pages."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections import Counter
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest

from pipelines.lines.words import RawWord
from pipelines.ocr.engine import OcrEngine, load_engine
from pipelines.ocr.paddle import inked_window
from pipelines.ocr.tesseract import tessdata
from schemas import UsageError
from tests.pipelines.ocr.typeset import is_at, typeset_page

WHITE = 255


@pytest.fixture(scope="module")
def paddle() -> OcrEngine:
    return load_engine("paddleocr")


@pytest.fixture(scope="module")
def tesseract() -> OcrEngine:
    pytest.importorskip("tesserocr", reason="the extra folio[tesseract] is not installed")
    try:
        return load_engine("tesseract")
    except UsageError as error:
        pytest.skip(str(error))


@pytest.fixture(params=["paddle", "tesseract"])
def engine(request) -> OcrEngine:
    return request.getfixturevalue(request.param)


def texts(words: list[RawWord]) -> Counter[str]:
    return Counter(word.text for word in words)


def box(word: RawWord) -> tuple[float, float, float, float]:
    return word.x0, word.y0, word.x1, word.y1


def test_every_word_of_a_typeset_page_is_read(engine):
    image, truth = typeset_page()
    assert texts(engine.examine(image).words()) == Counter(text for text, _ in truth)


def test_every_word_has_the_box_where_it_was_typeset(engine):
    image, truth = typeset_page()
    found = engine.examine(image).words()
    for text, place in truth:
        assert any(is_at(place, box(word)) for word in found if word.text == text), text


def test_scores_on_clean_text_are_high_and_at_most_1(engine):
    image, _ = typeset_page()
    scores = [word.score for word in engine.examine(image).words()]
    assert all(0.7 < score <= 1 for score in scores)


def test_words_contain_no_white_space_and_are_inside_the_image(engine):
    image, _ = typeset_page(("Two words", "and    four  more   here"), font_size=34)
    height, width = image.shape[:2]
    for word in engine.examine(image).words():
        assert word.text.split() == [word.text]
        assert 0 <= word.x0 < word.x1 <= width
        assert 0 <= word.y0 < word.y1 <= height


@pytest.mark.parametrize("shape", [(1, 1), (3, 900), (40, 40), (1200, 900)])
def test_a_blank_image_has_no_words(engine, shape):
    assert engine.examine(np.full((*shape, 3), WHITE, np.uint8)).words() == []


def test_the_same_image_gives_the_same_words(paddle):
    image, _ = typeset_page()
    first = paddle.examine(image).words()
    paddle.examine(np.ascontiguousarray(image[::-1, :700])).words()
    assert paddle.examine(image).words() == first


@pytest.mark.skipif(len(os.sched_getaffinity(0)) < 2, reason="needs two cores: with one, every thread is on it")
def test_no_thread_is_bound_to_one_core_so_that_page_processes_use_all_cores(paddle):
    image, _ = typeset_page()
    allowed = os.sched_getaffinity(0)
    seen, done = [], threading.Event()

    def record_cores() -> None:
        while not done.is_set():
            for thread in Path("/proc/self/task").iterdir():
                with suppress(ProcessLookupError):
                    seen.append(os.sched_getaffinity(int(thread.name)))

    recorder = threading.Thread(target=record_cores)
    recorder.start()
    paddle.examine(image).words()
    done.set()
    recorder.join()
    assert seen
    assert all(cores == allowed for cores in seen)


def test_words_move_with_the_page_on_a_larger_sheet_and_stay_the_same(paddle):
    image, truth = typeset_page()
    down, right = 320, 160
    sheet = np.full((image.shape[0] + 700, image.shape[1] + 400, 3), WHITE, np.uint8)
    sheet[down : down + image.shape[0], right : right + image.shape[1]] = image
    found = paddle.examine(sheet).words()
    assert texts(found) == Counter(text for text, _ in truth)
    for text, (x0, y0, x1, y1) in truth:
        place = (x0 + right, y0 + down, x1 + right, y1 + down)
        assert any(is_at(place, box(word)) for word in found if word.text == text), text


@pytest.mark.parametrize(("left", "top", "right", "bottom"), [(0, 0, 300, 200), (100, 90, 120, 91), (299, 0, 300, 200)])
def test_the_inked_window_contains_everything_that_differs_from_the_paper(left, top, right, bottom):
    page = np.full((200, 300, 3), 230, np.uint8)
    page[top, left] = page[bottom - 1, right - 1] = 190
    x0, y0, x1, y1 = inked_window(page)
    assert 0 <= x0 <= left < right <= x1 <= 300
    assert 0 <= y0 <= top < bottom <= y1 <= 200
    assert (x1 - x0) <= right - left + 32
    assert (y1 - y0) <= bottom - top + 32


def test_text_that_runs_downwards_is_read(paddle):
    image, truth = typeset_page(("Confidential draft",), font_size=16)
    turned = np.ascontiguousarray(np.rot90(image, -1))
    found = paddle.examine(turned).words()
    assert texts(found) == Counter(text for text, _ in truth)
    assert all(word.y1 - word.y0 > word.x1 - word.x0 for word in found)


def test_a_slanted_line_is_read(paddle):
    import cv2

    image, truth = typeset_page(("Please pay within thirty days.",), font_size=14)
    height, width = image.shape[:2]
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), 6, 1)
    slanted = cv2.warpAffine(image, matrix, (width, height), borderValue=(WHITE, WHITE, WHITE))
    assert texts(paddle.examine(slanted).words()) == Counter(text for text, _ in truth)


def test_the_engines_agree_on_nearly_all_words_of_a_page(paddle, tesseract):
    image, _ = typeset_page()
    first, second = texts(paddle.examine(image).words()), texts(tesseract.examine(image).words())
    assert (first & second).total() >= 0.9 * max(first.total(), second.total())


def test_an_engine_has_the_names_of_its_weights_backend_and_precision(paddle):
    assert paddle.name == "paddleocr"
    assert paddle.model == "PP-OCRv6_small+tiny"
    assert paddle.version.startswith("3.7.0 (")
    assert paddle.version.endswith(("bf16)", "f32)"))


def test_both_precisions_read_the_same_text():
    image, truth = typeset_page()
    for precision in ("f32", "auto"):
        engine = load_engine("paddleocr", precision=precision)
        assert texts(engine.examine(image).words()) == Counter(text for text, _ in truth)


def test_an_unknown_engine_is_an_error_that_lists_the_known_ones():
    with pytest.raises(UsageError, match="--ocr easyocr: not an OCR engine; take one of paddleocr, tesseract"):
        load_engine("easyocr")


def test_the_error_for_a_missing_language_names_its_file(tesseract):
    with pytest.raises(UsageError, match=r"no folder holds tlh\.traineddata"):
        load_engine("tesseract", model="tlh")


def test_the_error_without_tesserocr_says_how_to_install_it():
    script = (
        "import sys; sys.modules['tesserocr'] = None\n"
        "from pipelines.ocr.engine import load_engine\n"
        "try: load_engine('tesseract')\n"
        "except Exception as error: print(type(error).__name__, error)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("UsageError")
    assert "pip install '.[tesseract]'" in done.stdout


@pytest.fixture
def engine_with_rotation(engine) -> OcrEngine:
    if engine.name == "tesseract":
        try:
            tessdata([engine.model, "osd"])
        except UsageError as error:
            pytest.skip(str(error))
    return engine


@pytest.mark.parametrize("turn", [0, 90, 180, 270])
def test_an_engine_returns_the_rotation_that_makes_a_page_upright(engine_with_rotation, turn):
    image, _ = typeset_page()
    assert engine_with_rotation.examine(np.ascontiguousarray(np.rot90(image, -turn // 90))).rotation() == -turn % 360


def test_the_words_are_the_same_after_the_rotation_was_requested(engine):
    image, _ = typeset_page()
    words = engine.examine(image).words()
    page = engine.examine(image)
    page.rotation()
    assert page.words() == words


def test_two_pages_of_one_engine_are_independent(engine):
    image, _ = typeset_page()
    words = engine.examine(image).words()
    page, blank = engine.examine(image), engine.examine(np.full_like(image, WHITE))
    page.rotation()
    assert blank.rotation() == 0
    assert blank.words() == []
    assert page.words() == words


def test_an_image_that_cannot_be_read_is_not_turned(engine):
    noise = np.random.default_rng(3).integers(0, 255, (600, 500, 3), np.uint8)
    assert engine.examine(noise).rotation() == 0
    assert engine.examine(np.zeros((4, 4, 3), np.uint8)).rotation() == 0
