"""One page as the model meets it: a text window with masked spans, hidden boxes and labels, and the image on a canvas.

`mask_text` is a pure function of its arguments, so a page looks the same in epoch e on any worker, rank or restart.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np
import torch

from schemas.sample import TOKEN_COLUMNS
from schemas.tokenizer import Tokenizer
from trainer.batch import IGNORE, Batch, padded
from trainer.denoising import NO_SOURCE, CorruptedText, corrupt, noise_size, sample_spans, window_size
from trainer.line_pairs import sample_line_pairs
from trainer.model_config import ModelConfig
from trainer.objectives import ObjectivesConfig
from trainer.page_image import PageView

TOKEN_ID, WORD, LINE, CELL = (TOKEN_COLUMNS.index(name) for name in ("token_id", "word", "line", "cell"))
BOX = slice(TOKEN_COLUMNS.index("x0"), TOKEN_COLUMNS.index("y1") + 1)


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
    page: PageView | None = None  # None for a model without a visual branch
    bad: tuple[str, ...] = ()  # the pages that it was read in place of, each with the reason


def mask_text(
    key: str,
    tokens: np.ndarray,
    *,
    seed: int,
    epoch: int,
    objectives: ObjectivesConfig,
    model: ModelConfig,
    tokenizer: Tokenizer,
) -> Example:
    """Mask, hide and pair the tokens of one page, without its image; all chance comes from (seed, epoch, key).

    tokens: (t, 8) int32, columns as `schemas.sample.TOKEN_COLUMNS`; t may be 0.
    """
    rng = page_generator(seed, epoch, key)
    tokens = _window(tokens, window_size(objectives, len(tokenizer.sentinel_ids)), rng)
    text = _mask_spans(tokens, objectives, tokenizer, rng)
    kept = np.flatnonzero(text.source != NO_SOURCE)
    facts = tokens[text.source[kept]]
    supervised = _draw_supervised(facts[:, WORD], objectives.hidden_box_share, rng)

    box_visible = text.has_box.copy()
    if objectives.hidden_box_share > 0:
        box_visible[kept[supervised]] = False
    cells = np.full(len(text.input_ids), IGNORE, np.int32)
    cells[kept[supervised]] = facts[supervised, CELL]
    pairs, classes = _line_supervision(facts[supervised], kept[supervised], objectives, model, rng)
    return Example(key, text.input_ids, text.boxes, box_visible, cells, pairs, classes, text.labels)


def page_generator(seed: int, epoch: int, key: str) -> np.random.Generator:
    """The page's own stream of chance: the same on every machine, unrelated to any other page's or epoch's."""
    digest = hashlib.sha256(f"{seed}/{epoch}/{key}".encode()).digest()
    return np.random.Generator(np.random.Philox(key=int.from_bytes(digest[:16], "little")))


def _window(tokens: np.ndarray, size: int, rng: np.random.Generator) -> np.ndarray:
    start = int(rng.integers(max(len(tokens) - size, 0) + 1))
    return tokens[start : start + size]


def _mask_spans(
    tokens: np.ndarray, objectives: ObjectivesConfig, tokenizer: Tokenizer, rng: np.random.Generator
) -> CorruptedText:
    noise, spans = noise_size(len(tokens), objectives, len(tokenizer.sentinel_ids))
    return corrupt(
        tokens[:, TOKEN_ID],
        tokens[:, BOX],
        sample_spans(len(tokens), noise, spans, rng),
        mask_boxes=objectives.mask_boxes,
        sentinel_ids=tokenizer.sentinel_ids,
        eos_id=tokenizer.eos_id,
    )


def _draw_supervised(words: np.ndarray, hidden_share: float, rng: np.random.Generator) -> np.ndarray:
    """Indices of the tokens that the two heads must place: those of the hidden words, or all when nothing is hidden.

    Words are hidden whole: a visible piece of the same word would give the place away.
    """
    if hidden_share == 0 or not len(words):
        return np.arange(len(words))
    begins = np.append(True, words[1:] != words[:-1])
    number = begins.cumsum() - 1  # of each token's word
    hidden = np.zeros(number[-1] + 1, bool)
    hidden[rng.choice(len(hidden), max(1, round(hidden_share * len(hidden))), replace=False)] = True
    return np.flatnonzero(hidden[number])


def _line_supervision(
    facts: np.ndarray, positions: np.ndarray, objectives: ObjectivesConfig, model: ModelConfig, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """`line_pairs` rows in any case, so that batches keep one shape; unsupervised ones on a page without a pair."""
    pairs, classes = sample_line_pairs(facts[:, LINE], facts[:, WORD], objectives.line_pairs, model.line_classes, rng)
    if not len(pairs):
        return np.zeros((objectives.line_pairs, 2), np.int32), np.full(objectives.line_pairs, IGNORE, np.int32)
    return positions[pairs].astype(np.int32), classes


def collate(examples: list[Example], pad_multiple: int = 32) -> Batch:
    """Stack examples, text padded to the next multiple of `pad_multiple`, targets to the next of half of it.

    Returns what `trainer.batch.Batch` lists and the int64 tensors `cells` (b, l), `line_pairs` (b, p, 2) and
    `line_classes` (b, p).
    """
    text = _round_up(max(len(example.input_ids) for example in examples), pad_multiple)
    target = _round_up(max(len(example.labels) for example in examples), max(1, pad_multiple // 2))

    def stack(name: str, length: int, fill: int = 0) -> torch.Tensor:
        return padded([getattr(example, name) for example in examples], length, fill)

    batch: Batch = {
        "keys": [example.key for example in examples],
        "bad": [page for example in examples for page in example.bad],
        "input_ids": stack("input_ids", text),
        "text_mask": torch.from_numpy(np.stack([np.arange(text) < len(example.input_ids) for example in examples])),
        "boxes": stack("boxes", text),
        "box_visible": stack("box_visible", text).bool(),
        "cells": stack("cells", text, IGNORE),
        "line_pairs": stack("line_pairs", len(examples[0].line_pairs)),
        "line_classes": stack("line_classes", len(examples[0].line_classes), IGNORE),
        "labels": stack("labels", target, IGNORE),
    }
    pages = [example.page for example in examples if example.page is not None]
    if pages:
        images = np.empty((len(pages), *pages[0].canvas_size, 3), np.uint8)
        for page, canvas in zip(pages, images, strict=True):
            page.draw(canvas)
        batch["images"] = torch.from_numpy(images)
        batch["patch_boxes"] = torch.from_numpy(np.stack([page.boxes for page in pages])).long()
        batch["patch_visible"] = torch.from_numpy(np.stack([page.visible for page in pages]))
    return batch


def _round_up(length: int, multiple: int) -> int:
    return -(-length // multiple) * multiple
