"""Makes a training example from the tokens of a page: a text window with masked spans, hidden boxes and labels.

`mask_text` is a pure function of its arguments. So the example of a page in an epoch is the same on any worker and rank
and after any restart.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from torch import Tensor

from schemas.sample import TOKEN_COLUMNS
from schemas.tokenizer import Tokenizer
from trainer.model.batch import IGNORE, padded
from trainer.model.config import ModelConfig
from trainer.tasks.base import Example, page_generator
from trainer.tasks.pretraining.denoising import NO_SOURCE, CorruptedText, corrupt, noise_size, sample_spans, window_size
from trainer.tasks.pretraining.line_pairs import sample_line_pairs
from trainer.tasks.pretraining.objectives import ObjectivesConfig

TOKEN_ID, WORD, LINE, CELL = (TOKEN_COLUMNS.index(name) for name in ("token_id", "word", "line", "cell"))
BOX = slice(TOKEN_COLUMNS.index("x0"), TOKEN_COLUMNS.index("y1") + 1)


@dataclass(frozen=True, kw_only=True)
class PretrainingExample(Example):
    """A page with masked spans, and the labels of the two heads for p token pairs."""

    cells: np.ndarray  # (l,) int32: token-to-grid labels
    line_pairs: np.ndarray  # (p, 2) int32: positions in input_ids
    line_classes: np.ndarray  # (p,) int32: token-to-line labels


def mask_text(
    key: str,
    tokens: np.ndarray,
    *,
    seed: int,
    epoch: int,
    objectives: ObjectivesConfig,
    model: ModelConfig,
    tokenizer: Tokenizer,
) -> PretrainingExample:
    """Makes the example of one page, without its image: masks spans, hides boxes and draws token pairs.

    Args:
        key: key of the page. Seed, epoch and key determine all random numbers.
        tokens: (n, 8) int32 with the columns `schemas.sample.TOKEN_COLUMNS`; n may be 0.
        seed: seed of the run.
        epoch: how often the corpus has been read before.
        objectives: settings of the objectives.
        model: gives the number of line classes.
        tokenizer: gives the ids of sentinels and eos.
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
    return PretrainingExample(
        key=key,
        input_ids=text.input_ids,
        boxes=text.boxes,
        box_visible=box_visible,
        labels=text.labels,
        cells=cells,
        line_pairs=pairs,
        line_classes=classes,
    )


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
    """Returns the indices of the supervised tokens: those of the hidden words, or all tokens if nothing is hidden.

    All tokens of a word are hidden together, because a visible token of the same word would reveal the place.
    """
    if hidden_share == 0 or not len(words):
        return np.arange(len(words))
    begins = np.append(True, words[1:] != words[:-1])
    number = begins.cumsum() - 1  # number of each token's word, counted from 0 without gaps
    hidden = np.zeros(number[-1] + 1, bool)
    hidden[rng.choice(len(hidden), max(1, round(hidden_share * len(hidden))), replace=False)] = True
    return np.flatnonzero(hidden[number])


def _line_supervision(
    facts: np.ndarray, positions: np.ndarray, objectives: ObjectivesConfig, model: ModelConfig, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Returns token pairs (line_pairs, 2) int32 as positions in the input, and their classes (line_pairs,) int32.

    A page without a pair gets unsupervised rows, so that all batches have the same shape.
    """
    pairs, classes = sample_line_pairs(facts[:, LINE], facts[:, WORD], objectives.line_pairs, model.line_classes, rng)
    if not len(pairs):
        return np.zeros((objectives.line_pairs, 2), np.int32), np.full(objectives.line_pairs, IGNORE, np.int32)
    return positions[pairs].astype(np.int32), classes


def label_tensors(examples: Sequence[PretrainingExample], text_length: int) -> dict[str, Tensor]:
    """Returns `cells` (b, text_length), `line_pairs` (b, p, 2) and `line_classes` (b, p), int64."""
    pairs = len(examples[0].line_pairs)
    return {
        "cells": padded([example.cells for example in examples], text_length, IGNORE),
        "line_pairs": padded([example.line_pairs for example in examples], pairs),
        "line_classes": padded([example.line_classes for example in examples], pairs, IGNORE),
    }
