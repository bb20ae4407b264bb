"""One page as the model meets it: a text window with masked spans, hidden boxes and labels, and the image on a canvas.

`make_example` is a pure function of its arguments, so a page looks the same in epoch e on any worker, rank or restart.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from trainer.model_config import ModelConfig
from trainer.objectives import ObjectivesConfig

Batch = dict[str, Any]


@dataclass(frozen=True)
class Example:
    """A page ready for batching. Boxes are thousandths of the page; labels are IGNORE (-100) where unsupervised."""

    key: str
    input_ids: np.ndarray  # (l,) int32: text with sentinels, closed by eos
    boxes: np.ndarray  # (l, 4) int32
    box_visible: np.ndarray  # (l,) bool; False: the token reaches the encoder without a place
    cells: np.ndarray  # (l,) int32: token-to-grid labels
    line_pairs: np.ndarray  # (p, 2) int32: positions in input_ids
    line_classes: np.ndarray  # (p,) int32: token-to-line labels
    labels: np.ndarray  # (t,) int32: the decoder's targets, closed by eos
    image: np.ndarray | None  # (image_height, image_width, 3) uint8; None for a model without a visual branch
    patch_boxes: np.ndarray | None  # (v, 4) int32
    patch_visible: np.ndarray | None  # (v,) bool; False beyond the page's edge, or without an image


def make_example(
    key: str,
    tokens: np.ndarray,
    image: np.ndarray | None,
    *,
    seed: int,
    epoch: int,
    objectives: ObjectivesConfig,
    model: ModelConfig,
    tokenizer: Any,
) -> Example:
    """Mask, hide, pair and resize one page; all chance comes from (seed, epoch, key).

    tokens: (t, 8) int32, columns as `schemas.sample.TOKEN_COLUMNS`; t may be 0.
    image: (h, w, 3) or (h, w) uint8 of the upright page, or None.
    """
    raise NotImplementedError


def collate(examples: list[Example], pad_multiple: int = 64) -> Batch:
    """Stack examples, text and targets padded to multiples of `pad_multiple`.

    Returns int64 tensors `input_ids` (b, l), `boxes` (b, l, 4), `cells` (b, l), `line_pairs` (b, p, 2), `line_classes` (b, p),
    `labels` (b, t), bool tensors `text_mask` (b, l), `box_visible` (b, l), and, for a model that sees,
    `images` (b, h, w, 3) uint8, `patch_boxes` (b, v, 4) int64, `patch_visible` (b, v) bool; `keys` is a list of b strings.
    """
    raise NotImplementedError
