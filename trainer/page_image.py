"""The page image on the model's canvas, and where on the page each of its patches lies."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch.nn.functional import interpolate

from schemas.geometry import BOX_MAX
from trainer.model_config import ModelConfig

PAPER = 255  # the canvas beyond the page


@dataclass(frozen=True)
class PageView:
    """A page image as patches. Boxes are thousandths of the page, so that patches and words share coordinates."""

    canvas: np.ndarray  # (image_height, image_width, 3) uint8
    boxes: np.ndarray  # (v, 4) int32
    visible: np.ndarray  # (v,) bool; False beyond the page's edge, or without an image


def view_page(image: np.ndarray | None, model: ModelConfig) -> PageView | None:
    """The page as the model sees it; None for a model without a visual branch.

    image: (h, w, 3) uint8, or None for a page without one, of which no patch is visible.
    """
    if model.visual_tokens == 0:
        return None
    if image is None:
        canvas = np.zeros((model.image_height, model.image_width, 3), np.uint8)
        return PageView(canvas, np.zeros((model.visual_tokens, 4), np.int32), np.zeros(model.visual_tokens, bool))
    canvas, page_height, page_width = fit_image(image, model.image_height, model.image_width)
    return PageView(canvas, *patch_boxes(model, page_height, page_width))


def fit_image(image: np.ndarray, height: int, width: int) -> tuple[np.ndarray, int, int]:
    """Scale the page into the canvas's upper left corner, its proportions kept, and fill the rest with white.

    image: (h, w, 3) uint8. Returns the canvas (height, width, 3) uint8 and the page's height and width on it.
    """
    scale = min(height / image.shape[0], width / image.shape[1])
    page_height = min(height, max(1, round(image.shape[0] * scale)))
    page_width = min(width, max(1, round(image.shape[1] * scale)))
    canvas = np.full((height, width, 3), PAPER, np.uint8)
    canvas[:page_height, :page_width] = _resize(image, page_height, page_width)
    return canvas, page_height, page_width


def _resize(image: np.ndarray, height: int, width: int) -> np.ndarray:
    """image (h, w, 3) uint8. Returns (height, width, 3) uint8."""
    if image.shape[:2] == (height, width):
        return image
    channels_first = torch.from_numpy(image).permute(2, 0, 1)[None]
    resized = interpolate(channels_first, size=(height, width), mode="bilinear", antialias=True)
    return resized[0].permute(1, 2, 0).numpy()


def patch_boxes(model: ModelConfig, page_height: int, page_width: int) -> tuple[np.ndarray, np.ndarray]:
    """Boxes of the patches, row-major, in thousandths of the page.

    page_height, page_width: pixels the page takes of the canvas.
    Returns (v, 4) int32, clipped to the page, and (v,) bool: whether the patch shows any of the page.
    """
    rows, cols = np.divmod(np.arange(model.visual_tokens), model.patch_cols)
    edges = np.stack([cols, rows, cols + 1, rows + 1], axis=1) * np.tile([model.patch_width, model.patch_height], 2)
    extent = np.tile([page_width, page_height], 2)
    boxes = np.rint(np.minimum(edges, extent) * BOX_MAX / extent).astype(np.int32)
    return boxes, np.all(edges[:, :2] < extent[:2], axis=1)
