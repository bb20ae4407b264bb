"""The tensors that the model reads, by name, and what data and model must agree on about them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

IGNORE = -100  # label of what is not supervised; torch's own default

Batch = dict[str, Any]
"""The tensors of b pages, and lists of strings. With l text tokens, t target tokens and v patches:

    input_ids      (b, l) int64      text of the encoder, closed by eos
    text_mask      (b, l) bool       False: padding
    boxes          (b, l, 4) int64   x0, y0, x1, y1 of each token in thousandths of the page
    box_visible    (b, l) bool       False: the token has no place on the page, or it is hidden
    labels         (b, t) int64      targets of the decoder, closed by eos; IGNORE: padding
    images         (b, h, w, 3) uint8, only for a model with a visual branch; as are
    patch_boxes    (b, v, 4) int64
    patch_visible  (b, v) bool       False: beyond the edge of the page, or the page has no image
    keys           b strings: the key of each page
    bad            strings: pages that were replaced by others, each with the reason

A task adds label tensors of its own.
"""


def to_device(batch: Batch, device: torch.device | str) -> Batch:
    """Returns the batch with its tensors on `device`."""
    moved = {name: value.to(device, non_blocking=True) for name, value in batch.items() if torch.is_tensor(value)}
    return {**batch, **moved}


def padded(rows: Sequence[np.ndarray], length: int, fill: int = 0) -> Tensor:
    """Stacks arrays (n_i, ...) with n_i <= `length` to an int64 tensor (rows, length, ...), padded with `fill`."""
    stacked = np.full((len(rows), length, *rows[0].shape[1:]), fill, np.int64)
    for target, row in zip(stacked, rows, strict=True):
        target[: len(row)] = row
    return torch.from_numpy(stacked)
