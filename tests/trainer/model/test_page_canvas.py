from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.trainer.pages import TINY, page_image
from trainer.model.page_canvas import PagePatches, page_patches, patch_boxes


def view(height: int, width: int) -> PagePatches:
    """The view of a black page."""
    view = page_patches(np.zeros((height, width, 3), np.uint8), TINY)
    assert view is not None
    return view


def test_a_page_keeps_its_proportions_and_lies_in_the_upper_left_corner():
    canvas = np.full((512, 384, 3), 7, np.uint8)
    view(1000, 500).draw(canvas)
    assert canvas[:, :256].max() == 0
    assert canvas[:, 256:].min() == 255


def test_a_wide_page_is_padded_below():
    canvas = np.full((512, 384, 3), 7, np.uint8)
    view(100, 400).draw(canvas)
    assert canvas[:96].max() == 0
    assert canvas[96:].min() == 255


@pytest.mark.parametrize("shape", [(1, 5000), (5000, 1), (1, 1)])
def test_a_sliver_of_a_page_is_still_a_page(shape):
    assert min(view(*shape).pixels.shape) >= 1
    assert view(*shape).visible.any()


def test_patches_of_a_filled_canvas_tile_the_page_row_by_row():
    boxes, visible = patch_boxes(TINY, 512, 384)
    assert visible.all()
    assert boxes[:2].tolist() == [[0, 0, 125, 62], [125, 0, 250, 62]]
    assert boxes[8].tolist() == [0, 62, 125, 125]
    assert boxes[-1].tolist() == [875, 938, 1000, 1000]


def test_patches_speak_the_page_s_thousandths_and_end_at_its_edge():
    boxes, visible = patch_boxes(TINY, 512, 240)  # five of eight columns
    assert boxes[4].tolist() == [800, 0, 1000, 62]
    assert visible.reshape(16, 8)[0].tolist() == [True] * 5 + [False] * 3
    assert boxes.min() >= 0
    assert boxes.max() == 1000


def test_a_page_without_an_image_shows_no_patch():
    view = page_patches(None, TINY)
    canvas = np.full((512, 384, 3), 7, np.uint8)
    view.draw(canvas)
    assert not view.visible.any()
    assert canvas.min() == 255


def test_a_text_model_takes_no_view():
    assert page_patches(page_image(), replace(TINY, image_height=0)) is None
