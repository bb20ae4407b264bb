"""Shares of images and of invisible text on a page."""

from __future__ import annotations

import pymupdf
import pytest

from pipelines.sources.pdf.text.painted import PaintedShares, image_share

TEXT = "Twelve vessels entered the harbour."
INVISIBLE = 3


@pytest.fixture
def page():
    with pymupdf.open() as document:
        yield document.new_page(width=400, height=500)


def pixels():
    pixmap = pymupdf.Pixmap(pymupdf.csGRAY, (0, 0, 8, 8))
    pixmap.clear_with(200)
    return pixmap


def test_a_typeset_page_has_visible_text_and_no_image(page):
    page.insert_text((50, 50), TEXT)
    assert PaintedShares.of(page) == PaintedShares(image_share=0.0, invisible_share=0.0, is_all_text=True)
    page.draw_rect((50, 50, 80, 80))
    assert not PaintedShares.of(page).is_all_text


@pytest.mark.parametrize("strips", [1, 25, 70])
@pytest.mark.parametrize("rotation", [0, 90])
def test_images_cover_a_whole_scan_in_one_piece_or_in_strips(page, strips, rotation):
    for strip in range(strips):
        band = pymupdf.Rect(0, 500 * strip / strips, 400, 500 * (strip + 1) / strips)
        page.insert_image(band, pixmap=pixels(), keep_proportion=False)
    page.set_rotation(rotation)
    assert PaintedShares.of(page).image_share == image_share(page) == 1.0


def test_images_on_top_of_each_other_count_once(page):
    for _ in range(3):
        page.insert_image((0, 0, 200, 250), pixmap=pixels(), keep_proportion=False)
    assert PaintedShares.of(page).image_share == image_share(page) == pytest.approx(0.25, abs=0.01)


def test_invisible_text_is_distinguished_from_visible_text(page):
    page.insert_text((50, 50), TEXT)
    for line in range(3):
        page.insert_text((50, 100 + 20 * line), TEXT, render_mode=INVISIBLE)
    assert PaintedShares.of(page).invisible_share == pytest.approx(0.75, abs=0.01)


def test_an_empty_page_has_no_images_and_no_invisible_text(page):
    assert PaintedShares.of(page) == PaintedShares(is_all_text=True)
