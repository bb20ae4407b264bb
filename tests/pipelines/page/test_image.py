"""Blank and gray pages, and the stored image."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
import simplejpeg

from pipelines.page.image import is_blank, is_gray, to_jpeg


def paper(color=(250, 248, 240), height=1600, width=1200):
    return np.full((height, width, 3), color, np.uint8)


@pytest.mark.parametrize("color", [(255, 255, 255), (250, 240, 220), (0, 0, 0)])
def test_a_page_of_one_colour_is_blank(color):
    assert is_blank(paper(color))


def test_a_page_with_only_scanner_noise_is_blank():
    rng = np.random.default_rng(0)
    noisy = np.clip(paper().astype(int) + rng.integers(-8, 9, paper().shape), 0, 255).astype(np.uint8)
    assert is_blank(noisy)


def test_a_page_with_a_single_small_word_is_not_blank():
    image = paper()
    image[800:815, 600:640:3] = 20
    assert not is_blank(image)


def test_gray_pages_are_stored_in_gray_and_coloured_pages_in_colour():
    gray, red = paper((200, 200, 200)), paper((200, 200, 200))
    red[100:200, 100:900] = (220, 30, 30)
    assert is_gray(gray) and not is_gray(red)
    for image, space in ((gray, "Gray"), (red, "YCbCr")):
        jpg, *_ = to_jpeg(image, 1024, 85)
        assert simplejpeg.decode_jpeg_header(jpg)[2] == space


@pytest.mark.parametrize(("height", "width", "stored"), [(1600, 1200, (1024, 768)), (500, 400, (500, 400))])
def test_large_pages_are_scaled_down_and_small_pages_keep_their_size(height, width, stored):
    jpg, jpg_width, jpg_height = to_jpeg(paper(height=height, width=width), 1024, 85)
    assert (jpg_height, jpg_width) == stored == simplejpeg.decode_jpeg_header(jpg)[:2]


def test_each_pixel_of_a_scaled_down_page_is_the_mean_of_the_pixels_that_it_covers():
    image = paper((250, 250, 250))
    for row in range(40, 1600, 30):
        cv2.putText(image, "Of the strait and narrow 1234567890 " * 2, (20, row), cv2.FONT_HERSHEY_SIMPLEX, 0.7, 0)
    jpg, width, height = to_jpeg(image, 1024, 95)
    means = cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA)
    assert cv2.PSNR(simplejpeg.decode_jpeg(jpg), means) > 35  # dB; with one sampled point per pixel it would be 26


def test_the_same_page_gives_the_same_bytes():
    assert to_jpeg(paper(), 1024, 85) == to_jpeg(paper(), 1024, 85)
