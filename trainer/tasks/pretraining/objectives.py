"""The three pretraining objectives of DocFormerv2 (Appalaraju et al., AAAI 2024, section 3.2) and their settings."""

from __future__ import annotations

import math
from dataclasses import dataclass

from schemas.errors import UsageError
from trainer.tasks.base import Objective

MASK_BOXES = ("hull", "drop", "keep")


@dataclass(frozen=True)
class ObjectivesConfig:
    """Weights and difficulty of denoising, token-to-line and token-to-grid.

    `mask_boxes` sets the box of a sentinel: the `hull` of the boxes of its span, no box (`drop`), or the box of the
    first token of the span (`keep`).

    `hidden_box_share` is the share of words whose boxes the encoder does not see. Only these words are supervised on
    lines and cells, because a visible box would reveal its cell. With 0, all boxes are visible and all words are
    supervised.

    Raises:
        UsageError: a value is out of range.
    """

    denoise_weight: float = 1.0
    line_weight: float = 1.0
    grid_weight: float = 1.0
    noise_density: float = 0.15  # share of the tokens that are masked
    mean_span: float = 3.0  # mean number of tokens per masked span
    line_pairs: int = 64  # token pairs per page
    hidden_box_share: float = 0.3
    mask_boxes: str = "hull"
    max_text_tokens: int = 512  # length of the encoder's text, including sentinels and eos
    max_target_tokens: int = 128  # length of the decoder's targets, including sentinels and eos

    def __post_init__(self) -> None:
        weights = ("denoise_weight", "line_weight", "grid_weight")
        for name in weights:
            if not 0.0 <= getattr(self, name) < math.inf:
                raise UsageError(f"objectives.{name} must not be negative, got {getattr(self, name)}")
        if not any(getattr(self, name) for name in weights):
            raise UsageError(f"objectives.{', objectives.'.join(weights)} are all 0: set at least one above 0")
        if self.mask_boxes not in MASK_BOXES:
            raise UsageError(f"objectives.mask_boxes must be one of {', '.join(MASK_BOXES)}, got {self.mask_boxes!r}")
        if not 0.0 <= self.noise_density < 1.0:
            raise UsageError(f"objectives.noise_density must lie in [0, 1), got {self.noise_density}")
        if not 0.0 <= self.hidden_box_share <= 1.0:
            raise UsageError(f"objectives.hidden_box_share must lie in [0, 1], got {self.hidden_box_share}")
        if not 1.0 <= self.mean_span < math.inf:
            raise UsageError(f"objectives.mean_span must be at least 1 token, got {self.mean_span}")
        if self.line_pairs < 1:
            raise UsageError(f"objectives.line_pairs must be at least 1, got {self.line_pairs}")
        if self.max_text_tokens < 4 or self.max_target_tokens < 4:
            raise UsageError("objectives.max_text_tokens and objectives.max_target_tokens must be at least 4")

    def objectives(self) -> tuple[Objective, ...]:
        """Returns the three objectives. `example.label_tensors` makes the label tensors of the heads."""
        return (
            Objective("denoise", "labels", self.denoise_weight),
            Objective("line", "line_classes", self.line_weight),
            Objective("grid", "cells", self.grid_weight),
        )
