"""The scale at which the detector looks at a page."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pymupdf
import pytest

from pipelines.ocr.detection_scale import MAX_AREA_PX, MAX_SIDE_PX, detection_scale
from pipelines.ocr.engine import load_engine

TEXT = "The quick brown fox jumps over the lazy dog, and the dog does not mind it at all. " * 3
A4 = (595, 842)
FULL = 0.8  # what a page of A4 at 150 dpi has without a look at its letters


def rendered(document: pymupdf.Document, dpi: int = 150) -> np.ndarray:
    pixels = document[0].get_pixmap(dpi=dpi, colorspace="rgb", alpha=False)
    return np.frombuffer(pixels.samples, np.uint8).reshape(pixels.height, pixels.width, 3)


def text_page(size: float, footnote: str = "", dpi: int = 150) -> np.ndarray:
    with pymupdf.open() as document:
        page = document.new_page(width=A4[0], height=A4[1])
        page.insert_textbox((60, 60, 540, 780), TEXT, fontsize=size, fontname="tiro")
        page.insert_text((60, 800), footnote, fontsize=8, fontname="tiro")
        return rendered(document, dpi)


def page_of_single_characters(framed: bool) -> np.ndarray:
    """Returns six rows of text, each with four characters that stand alone."""
    with pymupdf.open() as document:
        page = document.new_page(width=A4[0], height=A4[1])
        for row in range(6):
            page.insert_text((60, 100 + 40 * row), "Does the applicant agree with it?", fontsize=12)
            for column, character in enumerate("Y7N3"):
                x = 300 + 60 * column
                page.insert_text((x, 100 + 40 * row), character, fontsize=12)
                if framed:
                    page.draw_rect((x - 5, 87 + 40 * row, x + 13, 105 + 40 * row))
        return rendered(document)


def test_the_larger_the_letters_the_smaller_is_the_picture_down_to_half():
    scales = [detection_scale(text_page(size)) for size in (7, 10, 12, 14, 16)]
    assert scales == sorted(scales, reverse=True)
    assert scales[0] == pytest.approx(FULL, abs=0.01)
    assert scales[0] > scales[1] > scales[2] > scales[-1] == 0.5


def test_letters_are_measured_in_pixels_so_that_a_higher_resolution_gives_a_smaller_scale():
    assert detection_scale(text_page(10, dpi=200)) < detection_scale(text_page(10, dpi=150))


def test_light_letters_on_a_dark_page_have_the_scale_of_dark_ones():
    page = text_page(12)
    assert detection_scale(255 - page) == detection_scale(page)


@pytest.mark.parametrize("framed", [False, True])
def test_a_page_with_many_characters_that_stand_alone_is_not_scaled_by_its_letters(framed):
    assert detection_scale(page_of_single_characters(framed)) == pytest.approx(FULL, abs=0.01)


@pytest.mark.parametrize("value", [0, 120, 255])
def test_a_page_without_letters_is_scaled_as_one_with_small_letters(value):
    assert detection_scale(np.full((1754, 1240, 3), value, np.uint8)) == pytest.approx(FULL, abs=0.01)


@pytest.mark.parametrize("shape", [(8, 8), (1, 3), (900, 600), (3000, 2500), (12000, 500)])
def test_a_picture_is_never_enlarged_and_never_larger_than_the_detector_can_take(shape):
    page = np.random.default_rng(1).integers(0, 255, (*shape, 3), np.uint8)
    scale = detection_scale(page)
    assert 0 < scale <= 1
    assert scale * max(shape) <= MAX_SIDE_PX + 1
    assert scale**2 * shape[0] * shape[1] <= 1.01 * MAX_AREA_PX


def test_a_small_footnote_below_large_letters_is_read():
    footnote = "Prices include the tax of 19 percent."
    page = text_page(16, footnote)
    assert detection_scale(page) == 0.5
    words = Counter(word.text for word in load_engine("paddleocr").examine(page).words())
    assert words == Counter((TEXT + footnote).split())
