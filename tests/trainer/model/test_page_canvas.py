"""Pages on the canvas, and the boxes of their patches."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.trainer.pages import TINY, page_image
from trainer.model.page_canvas import PagePatches, page_patches, patch_boxes


def black_page(height: int, width: int) -> PagePatches:
    """Returns the patches of a black page."""
    patches = page_patches(np.zeros((height, width, 3), np.uint8), TINY)
    assert patches is not None
    return patches


def test_a_page_keeps_its_proportions_in_the_upper_left_corner():
    canvas = np.full((512, 384, 3), 7, np.uint8)
    black_page(1000, 500).draw(canvas)
    assert canvas[:, :256].max() == 0
    assert canvas[:, 256:].min() == 255


def test_a_wide_page_is_padded_below():
    canvas = np.full((512, 384, 3), 7, np.uint8)
    black_page(100, 400).draw(canvas)
    assert canvas[:96].max() == 0
    assert canvas[96:].min() == 255


@pytest.mark.parametrize("shape", [(1, 5000), (5000, 1), (1, 1)])
def test_an_extremely_narrow_page_has_at_least_one_visible_patch(shape):
    assert min(black_page(*shape).pixels.shape) >= 1
    assert black_page(*shape).visible.any()


def test_patches_of_a_page_that_fills_the_canvas_cover_it_row_by_row():
    boxes, visible = patch_boxes(TINY, 512, 384)
    assert visible.all()
    assert boxes[:2].tolist() == [[0, 0, 125, 62], [125, 0, 250, 62]]
    assert boxes[8].tolist() == [0, 62, 125, 125]
    assert boxes[-1].tolist() == [875, 938, 1000, 1000]


def test_patch_boxes_are_thousandths_of_the_page_and_end_at_its_edge():
    boxes, visible = patch_boxes(TINY, 512, 240)  # five of eight columns
    assert boxes[4].tolist() == [800, 0, 1000, 62]
    assert visible.reshape(16, 8)[0].tolist() == [True] * 5 + [False] * 3
    assert boxes.min() >= 0
    assert boxes.max() == 1000


def test_a_page_without_an_image_has_no_visible_patch():
    patches = page_patches(None, TINY)
    canvas = np.full((512, 384, 3), 7, np.uint8)
    patches.draw(canvas)
    assert not patches.visible.any()
    assert canvas.min() == 255


def test_a_text_only_model_has_no_patches():
    assert page_patches(page_image(), replace(TINY, image_height=0)) is None
