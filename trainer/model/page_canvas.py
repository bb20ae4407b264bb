"""Scales a page image to the model's canvas and computes the boxes of its patches on the page."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch
from torch.nn.functional import interpolate

from schemas.geometry import BOX_MAX
from trainer.model.config import ModelConfig

PAPER = 255  # white: the canvas outside the page


@dataclass(frozen=True)
class PagePatches:
    """A page image as v patches. Boxes are in thousandths of the page, the same coordinates as those of words."""

    pixels: np.ndarray  # (h, w, 3) uint8: the scaled page; it is drawn into the upper left corner of the canvas
    canvas_size: tuple[int, int]  # height, width in pixels
    boxes: np.ndarray  # (v, 4) int32
    visible: np.ndarray  # (v,) bool; False: the patch is outside the page, or there is no image

    def draw(self, canvas: np.ndarray) -> None:
        """Draws the page and white paper around it.

        Args:
            canvas: (*canvas_size, 3) uint8; it is overwritten completely.
        """
        height, width = self.pixels.shape[:2]
        canvas[:height, :width] = self.pixels
        canvas[:height, width:] = PAPER
        canvas[height:] = PAPER


def page_patches(image: np.ndarray | None, model: ModelConfig) -> PagePatches | None:
    """Returns the page as patches; None for a model without a visual branch.

    Args:
        image: (h, w, 3) uint8; None for a page without an image: then no patch is visible.
        model: gives the sizes of canvas and patches.
    """
    if model.visual_tokens == 0:
        return None
    canvas_size = model.image_height, model.image_width
    pixels = np.zeros((0, 0, 3), np.uint8) if image is None else fit_image(image, *canvas_size)
    return PagePatches(pixels, canvas_size, *patch_boxes(model, *pixels.shape[:2]))


def fit_image(image: np.ndarray, height: int, width: int) -> np.ndarray:
    """Scales a page so that it fits the canvas and fills one side of it. The proportions stay.

    Args:
        image: (h, w, 3) uint8.
        height: of the canvas in pixels.
        width: of the canvas in pixels.

    Returns:
        (h', w', 3) uint8 with h' <= height and w' <= width.
    """
    scale = min(height / image.shape[0], width / image.shape[1])
    page_height = min(height, max(1, round(image.shape[0] * scale)))
    page_width = min(width, max(1, round(image.shape[1] * scale)))
    return _resize(image, page_height, page_width)


def _resize(image: np.ndarray, height: int, width: int) -> np.ndarray:
    """Returns the image (h, w, 3) uint8 resized to (height, width, 3) uint8."""
    if image.shape[:2] == (height, width):
        return image
    # A permuted batch has the memory format channels_last. The result has it too, so no copy is needed here.
    batch = torch.from_numpy(image)[None].permute(0, 3, 1, 2)  # (1, 3, h, w)
    resized = interpolate(batch, size=(height, width), mode="bilinear", antialias=True)  # (1, 3, height, width)
    return resized.permute(0, 2, 3, 1)[0].numpy()  # (height, width, 3)


@lru_cache(maxsize=1024)
def patch_boxes(model: ModelConfig, page_height: int, page_width: int) -> tuple[np.ndarray, np.ndarray]:
    """Returns the boxes of the patches, row by row, and whether each patch shows a part of the page.

    Args:
        model: gives the sizes of canvas and patches.
        page_height: height of the page on the canvas in pixels; 0 without an image.
        page_width: width of the page on the canvas in pixels; 0 without an image.

    Returns:
        (v, 4) int32 in thousandths of the page, clipped to the page, and (v,) bool. Both are read-only.
    """
    rows, cols = np.divmod(np.arange(model.visual_tokens), model.patch_cols)  # (v,), (v,)
    edges = np.stack([cols, rows, cols + 1, rows + 1], axis=1) * np.tile([model.patch_width, model.patch_height], 2)
    extent = np.tile([page_width, page_height], 2)  # (4,); `edges` is (v, 4); both in pixels
    boxes = np.rint(np.minimum(edges, extent) * BOX_MAX / np.maximum(extent, 1)).astype(np.int32)  # (v, 4)
    visible = np.all(edges[:, :2] < extent[:2], axis=1)  # (v,)
    for array in (boxes, visible):
        array.flags.writeable = False
    return boxes, visible
