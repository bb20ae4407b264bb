"""The pretraining of DocFormerv2 (Appalaraju et al., AAAI 2024, section 3.2) as a task of the trainer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from torch import Tensor

from schemas import Sample, Tokenizer
from trainer.model.config import ModelConfig
from trainer.tasks.base import Task
from trainer.tasks.pretraining.denoising import window_size
from trainer.tasks.pretraining.example import PretrainingExample, label_tensors, mask_text
from trainer.tasks.pretraining.heads import PretrainingHeads
from trainer.tasks.pretraining.objectives import ObjectivesConfig


class Pretraining(Task):
    """Denoising by the decoder, token-to-line and token-to-grid by heads of the encoder.

    Args:
        settings: weights and difficulty of the objectives.
        model: the model configuration, with the vocabulary and the grid of the corpora.
        tokenizer: the tokenizer of the corpora.
        seed: the seed of the run.
    """

    def __init__(self, settings: ObjectivesConfig, model: ModelConfig, tokenizer: Tokenizer, seed: int) -> None:
        self.settings = settings
        self.model = model
        self.tokenizer = tokenizer
        self.seed = seed
        self.objectives = settings.objectives()

    def make_heads(self, model: ModelConfig) -> PretrainingHeads:
        """Returns the heads of token-to-line and token-to-grid."""
        return PretrainingHeads(model)

    def example(self, sample: Sample, epoch: int) -> PretrainingExample:
        """Returns the text of the page with masked spans and hidden boxes, and its labels."""
        return mask_text(
            sample.key,
            sample.tokens,
            seed=self.seed,
            epoch=epoch,
            objectives=self.settings,
            model=self.model,
            tokenizer=self.tokenizer,
        )

    def tokens_read(self, tokens: int) -> int:
        """Returns the number of tokens, but at most the size of the text window."""
        return min(tokens, window_size(self.settings, len(self.tokenizer.sentinel_ids)))

    def facts(self) -> dict[str, Any]:
        """Returns the section `objectives` of the settings."""
        return {"objectives": asdict(self.settings)}

    def label_tensors(self, examples: Sequence[PretrainingExample], text_length: int) -> dict[str, Tensor]:
        """Returns `cells` (b, l), `line_pairs` (b, p, 2) and `line_classes` (b, p), int64."""
        return label_tensors(examples, text_length)

    def head_flops(self, text_tokens: int) -> float:
        """Returns the operations of the two linear heads: grid cells per token, and line classes per token pair."""
        outputs = text_tokens * self.model.grid_cells + self.settings.line_pairs * 2 * self.model.line_classes
        return 3.0 * 2 * self.model.d_model * outputs

    def guess_levels(self, model: Any) -> dict[str, int]:
        """Returns the number of line classes and of grid cells. Line classes are drawn evenly, cells are about even."""
        return guess_levels(model)


def guess_levels(model: Any) -> dict[str, int]:
    """Returns the result of `Pretraining.guess_levels` from the model settings alone."""
    return {"line": model.line_classes, "grid": model.grid_rows * model.grid_cols}
