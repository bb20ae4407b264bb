"""The picture of a page shows its words, its lines and its grid, and leaves the rest of the page as it is."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest

from pipelines.overlay import LINE_COLOURS, decode_rgb, draw_overlay, encode_jpeg, line_colour
from schemas import Line, Page, Word
from tests.drawn_pages import draw_page

PAPER = 255


def blank_jpg(width: int, height: int) -> bytes:
    return encode_jpeg(np.full((height, width, 3), PAPER, np.uint8), 95)


@pytest.fixture
def page() -> Page:
    """Two lines, each a word on the left and one on the right, on a page of 400 x 500 pixels."""
    drawn, _ = draw_page(seed=0, number=0, words=4, long_side=500, total=1)
    boxes = [(100, 100, 300, 160), (700, 100, 900, 160), (100, 400, 300, 460), (700, 400, 900, 460)]
    words = tuple(Word("word", box, 1.0, number // 2) for number, box in enumerate(boxes))
    lines = (Line((100, 100, 900, 160)), Line((100, 400, 900, 460)))
    return replace(drawn, image_width=400, image_height=500, words=words, lines=lines)


def pixel(picture: np.ndarray, x_1000: int, y_1000: int) -> np.ndarray:
    height, width = picture.shape[:2]
    return picture[y_1000 * height // 1000, x_1000 * width // 1000].astype(int)


def test_words_and_the_gaps_of_their_line_take_the_line_s_colour(page):
    picture = draw_overlay(blank_jpg(400, 500), page, 1, 1)
    word, gap, paper = pixel(picture, 200, 130), pixel(picture, 500, 130), pixel(picture, 500, 700)
    weakest = int(np.argmin(line_colour(0)))
    assert word[weakest] < gap[weakest] < paper[weakest] - 10
    assert (paper >= PAPER - 2).all()


def test_lines_that_follow_one_another_differ_in_colour(page):
    picture = draw_overlay(blank_jpg(400, 500), page, 1, 1)
    assert np.abs(pixel(picture, 200, 130) - pixel(picture, 200, 430)).max() > 30


def test_no_line_has_the_colour_of_a_line_close_by():
    assert len(set(LINE_COLOURS)) == len(LINE_COLOURS)
    assert all(line_colour(line) != line_colour(line + step) for line in range(20) for step in range(1, 8))


def test_ink_stays_dark_under_the_colour(page):
    image = np.full((500, 400, 3), PAPER, np.uint8)
    image[50:80, 40:120] = 0
    assert pixel(draw_overlay(encode_jpeg(image, 95), page, 1, 1), 200, 130).max() < 20


def test_the_grid_s_lines_stand_between_its_cells(page):
    empty = replace(page, words=(), lines=())
    picture = draw_overlay(blank_jpg(400, 500), empty, 4, 5)
    dark = (picture < 200).all(axis=2)
    assert set(np.flatnonzero(dark.mean(axis=1) > 0.9)) >= {125, 250, 375}
    assert set(np.flatnonzero(dark.mean(axis=0) > 0.9)) >= {80, 160, 240, 320}


def test_each_cell_is_numbered_in_its_upper_left_corner(page):
    picture = draw_overlay(blank_jpg(400, 500), replace(page, words=(), lines=()), 2, 2)
    corners = [picture[y : y + 14, x : x + 12] for y in (1, 251) for x in (1, 201)]
    assert all(corner.min() < 160 and corner.max() > 240 for corner in corners)
    assert all((one != other).any() for number, one in enumerate(corners) for other in corners[:number])


@pytest.mark.parametrize(
    ("size", "drawn"), [((2100, 2800), (700, 933)), ((500, 4800), (100, 960)), ((90, 80), (90, 80))]
)
def test_large_pages_are_shrunk_to_fit_and_small_ones_left(page, size, drawn):
    picture = draw_overlay(blank_jpg(*size), page, 4, 4, max_width=700, max_height=960)
    assert picture.shape == (drawn[1], drawn[0], 3)
    assert picture.dtype == np.uint8


def test_words_without_extent_and_at_the_edge_can_be_drawn(page):
    words = tuple(Word("w", box, 1.0, 0) for box in [(0, 0, 0, 0), (1000, 1000, 1000, 1000), (0, 0, 1000, 1000)])
    assert draw_overlay(blank_jpg(60, 60), replace(page, words=words), 4, 4).shape == (60, 60, 3)


def test_the_same_page_gives_the_same_picture():
    page, jpg = draw_page(seed=3, number=1, words=80, long_side=512, total=2)
    assert (draw_overlay(jpg, page, 4, 4) == draw_overlay(jpg, page, 4, 4)).all()


def test_colours_are_rgb(page):
    image = np.zeros((64, 64, 3), np.uint8)
    image[..., 0] = 200
    encoded = cv2.imencode(".png", image[..., ::-1])[1].tobytes()
    assert (decode_rgb(encoded) == image).all()
    assert decode_rgb(encode_jpeg(image, 95))[..., 0].mean() > 190


@pytest.mark.parametrize("data", [b"", b"no image"])
def test_what_is_no_image_is_refused(page, data):
    with pytest.raises(ValueError, match="no image"):
        draw_overlay(data, page, 4, 4)
