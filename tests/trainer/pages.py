"""Token arrays, images, examples and batches of small pages with a known layout."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch

from schemas.geometry import cell_of
from schemas.tokenizer import Tokenizer, load_tokenizer
from trainer.data.collate import collate
from trainer.model.batch import Batch
from trainer.model.config import MODEL_SIZES, ModelConfig
from trainer.model.outcome import Outcomes
from trainer.model.page_canvas import page_patches
from trainer.tasks.pretraining.example import PretrainingExample, mask_text
from trainer.tasks.pretraining.objectives import ObjectivesConfig
from trainer.tasks.pretraining.task import Pretraining
from trainer.tasks.sums import training_loss

TINY = MODEL_SIZES["tiny"]
TOKENIZER = load_tokenizer()
PRETRAINING = Pretraining(ObjectivesConfig(), TINY, TOKENIZER, seed=0)


def page_tokens(words_per_line: list[int], pieces: int = 1, first_id: int = 100) -> np.ndarray:
    """Returns the tokens of a page, (t, 8) int32.

    Args:
        words_per_line: number of words in each line; lines are 40 thousandths of the page apart.
        pieces: number of tokens per word.
        first_id: id of the first token; each further token has the next id.
    """
    places = [(line, column) for line, count in enumerate(words_per_line) for column in range(count)]
    line, column = np.asarray(places, np.int32).reshape(-1, 2).repeat(pieces, axis=0).T
    boxes = np.stack([column * 80, line * 40, column * 80 + 70, line * 40 + 30], axis=1)
    ids = first_id + np.arange(len(line))
    words = np.arange(len(places)).repeat(pieces)
    return np.column_stack([ids, words, line, cell_of(boxes, 4, 4), boxes]).astype(np.int32)


def page_image(height: int = 660, width: int = 510, seed: int = 0) -> np.ndarray:
    """Returns an image of random noise, (height, width, 3) uint8."""
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


def example_of(
    tokens: np.ndarray,
    image: np.ndarray | None = None,
    *,
    key: str = "page",
    seed: int = 0,
    epoch: int = 0,
    model: ModelConfig = TINY,
    tokenizer: Tokenizer = TOKENIZER,
    **objectives: object,
) -> PretrainingExample:
    """Returns the pretraining example of a page; `objectives` are fields of `ObjectivesConfig`."""
    text = mask_text(
        key,
        tokens,
        seed=seed,
        epoch=epoch,
        objectives=ObjectivesConfig(**objectives),
        model=model,
        tokenizer=tokenizer,
    )
    return replace(text, page=page_patches(image, model))


def collated(examples: list[PretrainingExample], pad_multiple: int = 32) -> Batch:
    """Returns the batch of some examples."""
    return collate(examples, PRETRAINING, pad_multiple)


def loss_of(outcomes: Outcomes, settings: ObjectivesConfig | None = None) -> torch.Tensor:
    """Returns the training loss if this batch is the whole global batch."""
    objectives = (settings or ObjectivesConfig()).objectives()
    answers = {objective.name: float(outcomes[objective.labels].answers) for objective in objectives}
    return training_loss(outcomes, objectives, answers)
