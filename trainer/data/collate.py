"""Combines the examples of several pages into one batch of tensors."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from trainer.model.batch import IGNORE, Batch, padded
from trainer.model.page_canvas import PagePatches
from trainer.tasks.base import Example, Task


def collate(examples: Sequence[Example], task: Task, pad_multiple: int = 32) -> Batch:
    """Combines examples into a batch: the tensors of `trainer.model.batch.Batch` and the label tensors of the task.

    Args:
        examples: at least one.
        task: adds its label tensors.
        pad_multiple: text is padded to the next multiple of this, targets to the next multiple of half of it.
    """
    text_length = _round_up(max(len(example.input_ids) for example in examples), pad_multiple)
    target_length = _round_up(max(len(example.labels) for example in examples), max(1, pad_multiple // 2))
    batch: Batch = {
        "keys": [example.key for example in examples],
        "bad": [page for example in examples for page in example.bad],
        "input_ids": padded([example.input_ids for example in examples], text_length),
        "text_mask": torch.from_numpy(
            np.stack([np.arange(text_length) < len(example.input_ids) for example in examples])
        ),
        "boxes": padded([example.boxes for example in examples], text_length),
        "box_visible": padded([example.box_visible for example in examples], text_length).bool(),
        "labels": padded([example.labels for example in examples], target_length, IGNORE),
        **task.label_tensors(examples, text_length),
    }
    pages = [example.page for example in examples if example.page is not None]
    return {**batch, **_images(pages)} if pages else batch


def _images(pages: Sequence[PagePatches]) -> Batch:
    canvases = np.empty((len(pages), *pages[0].canvas_size, 3), np.uint8)  # (b, h, w, 3)
    for page, canvas in zip(pages, canvases, strict=True):
        page.draw(canvas)
    return {
        "images": torch.from_numpy(canvases),
        "patch_boxes": torch.from_numpy(np.stack([page.boxes for page in pages])).long(),
        "patch_visible": torch.from_numpy(np.stack([page.visible for page in pages])),
    }


def _round_up(length: int, multiple: int) -> int:
    return -(-length // multiple) * multiple
