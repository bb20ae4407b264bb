"""Frames around single characters: they are erased, and the characters stay."""

from __future__ import annotations

import numpy as np
import pymupdf
import pytest

from pipelines.ocr.frames import without_frames

DPI = 150
PAPER, INK = 255, 0
BOX = (20.0, 20.0, 48.0, 48.0)  # points


def drawn(character: str, *frame: tuple[float, float, float, float], size: float = 14) -> np.ndarray:
    """Returns `(height, width, 3)` uint8: a character in the middle of `BOX`, and lines or rectangles."""
    with pymupdf.open() as document:
        page = document.new_page(width=68, height=68)
        width = pymupdf.get_text_length(character, fontsize=size)
        page.insert_text((34 - width / 2, 34 + 0.36 * size), character, fontsize=size)
        for x0, y0, x1, y1 in frame:
            if x0 == x1 or y0 == y1:
                page.draw_line((x0, y0), (x1, y1), width=1)
            else:
                page.draw_rect(pymupdf.Rect(x0, y0, x1, y1), width=1)
        pixels = page.get_pixmap(dpi=DPI, colorspace="rgb", alpha=False)
    return np.frombuffer(pixels.samples, np.uint8).reshape(pixels.height, pixels.width, 3)


def quad(x0: float, y0: float, x1: float, y1: float) -> np.ndarray:
    corners = np.array([(x0, y0), (x1, y0), (x1, y1), (x0, y1)], np.float32)
    return corners * np.float32(DPI / 72)


def is_ink(image: np.ndarray) -> np.ndarray:
    return image.min(axis=2) < 128


@pytest.mark.parametrize("character", ["1", "0", "H", "i", "X", "8", "E", "%"])
@pytest.mark.parametrize(
    "frame",
    [
        pytest.param([(23, 23, 45, 45)], id="a square"),
        pytest.param([(21, 10, 21, 60)], id="a rule on the left"),
        pytest.param([(10, 46, 60, 46), (46, 10, 46, 60)], id="rules below and on the right"),
        pytest.param([(19, 23, 60, 45)], id="a cell that is open in the box"),
    ],
)
def test_a_frame_is_erased_and_its_character_stays(character, frame):
    erased, insides = without_frames(drawn(character, *frame), [quad(*BOX)])
    assert list(insides) == [0]
    x0, y0, x1, y1 = (round(side * DPI / 72) for side in BOX)
    assert (is_ink(erased) == is_ink(drawn(character)))[y0:y1, x0:x1].mean() > 0.99


def test_the_corners_are_around_the_character():
    _, insides = without_frames(drawn("8", (23, 23, 45, 45)), [quad(*BOX)])
    rows, columns = np.nonzero(is_ink(drawn("8")))
    ink = np.array([columns.min(), rows.min(), columns.max() + 1, rows.max() + 1])
    (found,) = insides.values()
    outside = np.concatenate([ink[:2] - found.min(axis=0), found.max(axis=0) - ink[2:]])
    assert (outside > 0).all() and (outside < 0.3 * (ink[3] - ink[1])).all()


@pytest.mark.parametrize("character", ["0", "H", "E", "D", "U", "I", "i", "=", "%", "#", "O", "Q"])
def test_characters_without_a_frame_are_left_alone(character):
    image = drawn(character)
    erased, insides = without_frames(image, [quad(*BOX), quad(26, 24, 42, 44)])
    assert erased is image and not insides


def test_an_empty_square_is_left_alone():
    image = drawn(" ", (23, 23, 45, 45))
    assert without_frames(image, [quad(*BOX)])[1] == {}


def test_a_light_character_on_a_dark_cell_is_left_alone():
    image = np.full_like(drawn(" "), PAPER)
    image[45:97, 45:97] = 255 - drawn("8")[45:97, 45:97]
    assert without_frames(image, [quad(*BOX)])[1] == {}


def test_a_box_with_a_line_of_text_is_not_examined():
    image = drawn("8", (23, 23, 45, 45))
    assert without_frames(image, [quad(5, 24, 64, 44)])[1] == {}


def test_the_given_image_is_not_changed():
    image = drawn("1", (23, 23, 45, 45))
    before = image.copy()
    without_frames(image, [quad(*BOX)])
    assert (image == before).all()
