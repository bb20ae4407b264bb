"""The contract between data and model: the names, shapes and types of the tensors in a batch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

IGNORE = -100  # label of an unsupervised position; the default of torch's cross entropy

Batch = dict[str, Any]
"""The tensors of b pages, and lists of strings. With l text tokens, t target tokens and v patches:

    input_ids      (b, l) int64      text of the encoder; ends with eos
    text_mask      (b, l) bool       False: padding
    boxes          (b, l, 4) int64   x0, y0, x1, y1 of each token in thousandths of the page
    box_visible    (b, l) bool       False: the token has no box, or its box is hidden
    labels         (b, t) int64      targets of the decoder; end with eos; IGNORE: padding; t = 0: no decoder
    keys           b strings         the key of each page
    bad            strings           pages that were replaced by other pages, each with the reason

Only for a model with a visual branch:

    images         (b, h, w, 3) uint8
    patch_boxes    (b, v, 4) int64   x0, y0, x1, y1 of each patch in thousandths of the page
    patch_visible  (b, v) bool       False: the patch is outside the page, or the page has no image

A task adds its own label tensors.
"""


def to_device(batch: Batch, device: torch.device | str) -> Batch:
    """Returns the batch with its tensors on `device`. Values that are not tensors stay the same objects."""
    moved = {name: value.to(device, non_blocking=True) for name, value in batch.items() if torch.is_tensor(value)}
    return {**batch, **moved}


def padded(rows: Sequence[np.ndarray], length: int, fill: int = 0) -> Tensor:
    """Stacks arrays of different lengths into one tensor and pads them at the end.

    Args:
        rows: arrays (n_i, ...) with n_i <= `length`.
        length: the padded length.
        fill: the value of the padding.

    Returns:
        (rows, length, ...) int64.
    """
    stacked = np.full((len(rows), length, *rows[0].shape[1:]), fill, np.int64)  # (rows, length, ...)
    for target, row in zip(stacked, rows, strict=True):
        target[: len(row)] = row
    return torch.from_numpy(stacked)
