"""The page image on the model's canvas, and where on the page each of its patches lies."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch
from torch.nn.functional import interpolate

from schemas.geometry import BOX_MAX
from trainer.model.config import ModelConfig

PAPER = 255  # the canvas beyond the page


@dataclass(frozen=True)
class PagePatches:
    """A page image as patches. Boxes are thousandths of the page, so that patches and words share coordinates."""

    pixels: np.ndarray  # (h, w, 3) uint8: the page, scaled into the upper left corner of a canvas
    canvas_size: tuple[int, int]  # height, width
    boxes: np.ndarray  # (v, 4) int32
    visible: np.ndarray  # (v,) bool; False beyond the page's edge, or without an image

    def draw(self, canvas: np.ndarray) -> None:
        """Draw the page and the paper around it. canvas: (*canvas_size, 3) uint8."""
        height, width = self.pixels.shape[:2]
        canvas[:height, :width] = self.pixels
        canvas[:height, width:] = PAPER
        canvas[height:] = PAPER


def page_patches(image: np.ndarray | None, model: ModelConfig) -> PagePatches | None:
    """The page as the model sees it; None for a model without a visual branch.

    image: (h, w, 3) uint8, or None for a page without one, of which no patch is visible.
    """
    if model.visual_tokens == 0:
        return None
    canvas_size = model.image_height, model.image_width
    pixels = np.zeros((0, 0, 3), np.uint8) if image is None else fit_image(image, *canvas_size)
    return PagePatches(pixels, canvas_size, *patch_boxes(model, *pixels.shape[:2]))


def fit_image(image: np.ndarray, height: int, width: int) -> np.ndarray:
    """Scale the page to fill one side of a canvas, its proportions kept.

    image: (h, w, 3) uint8. Returns (h', w', 3) uint8, h' <= height, w' <= width.
    """
    scale = min(height / image.shape[0], width / image.shape[1])
    page_height = min(height, max(1, round(image.shape[0] * scale)))
    page_width = min(width, max(1, round(image.shape[1] * scale)))
    return _resize(image, page_height, page_width)


def _resize(image: np.ndarray, height: int, width: int) -> np.ndarray:
    """image (h, w, 3) uint8. Returns (height, width, 3) uint8."""
    if image.shape[:2] == (height, width):
        return image
    # Permuted as a batch, it is seen to hold the channels of a pixel side by side, and so does the result.
    batch = torch.from_numpy(image)[None].permute(0, 3, 1, 2)
    resized = interpolate(batch, size=(height, width), mode="bilinear", antialias=True)
    return resized.permute(0, 2, 3, 1)[0].numpy()


@lru_cache(maxsize=1024)
def patch_boxes(model: ModelConfig, page_height: int, page_width: int) -> tuple[np.ndarray, np.ndarray]:
    """Boxes of the patches, row-major, in thousandths of the page.

    page_height, page_width: pixels the page takes of the canvas; 0 where there is none.
    Returns (v, 4) int32, clipped to the page, and (v,) bool: whether the patch shows any of the page. Read only.
    """
    rows, cols = np.divmod(np.arange(model.visual_tokens), model.patch_cols)
    edges = np.stack([cols, rows, cols + 1, rows + 1], axis=1) * np.tile([model.patch_width, model.patch_height], 2)
    extent = np.tile([page_width, page_height], 2)
    boxes = np.rint(np.minimum(edges, extent) * BOX_MAX / np.maximum(extent, 1)).astype(np.int32)
    visible = np.all(edges[:, :2] < extent[:2], axis=1)
    for array in (boxes, visible):
        array.flags.writeable = False
    return boxes, visible
