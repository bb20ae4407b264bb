"""The two encoder heads of pretraining (Appalaraju et al., AAAI 2024, section 3.2). They are not exported."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from trainer.model.batch import Batch
from trainer.model.config import ModelConfig
from trainer.model.outcome import Outcomes, classify


class PretrainingHeads(nn.Module):
    """Linear classifiers on the encoder's output: the line distance of two tokens, and the grid cell of a token."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.line = nn.Linear(2 * config.d_model, config.line_classes)
        self.grid = nn.Linear(config.d_model, config.grid_cells)

    def forward(self, encoded: Tensor, batch: Batch) -> Outcomes:
        """Returns the outcomes of `line_classes` (b, p) and `cells` (b, l) for the encoded text (b, l, d)."""
        return {
            "line_classes": classify(self.line_logits(encoded, batch["line_pairs"]), batch["line_classes"]),
            "cells": classify(self.grid_logits(encoded), batch["cells"]),
        }

    def line_logits(self, encoded: Tensor, pairs: Tensor) -> Tensor:
        """Classifies pairs of tokens by the distance of their lines.

        The input of the linear layer is the product and the absolute difference of the two outputs (Conneau et al.
        2017). With the two outputs concatenated, a linear layer would score each one separately and could not see
        whether they agree.

        Args:
            encoded: (b, l, d).
            pairs: (b, p, 2) int64: positions in the text.

        Returns:
            Logits (b, p, classes); the same for the pair (i, j) as for (j, i).
        """
        batch = torch.arange(len(pairs), device=pairs.device)[:, None]  # (b, 1)
        first, second = encoded[batch, pairs[..., 0]], encoded[batch, pairs[..., 1]]  # (b, p, d) each
        # (b, p, 2 * d) -> (b, p, classes)
        return self.line(torch.cat([first * second, (first - second).abs()], dim=-1))

    def grid_logits(self, encoded: Tensor) -> Tensor:
        """Returns logits (b, l, cells) for the encoded text (b, l, d)."""
        return self.grid(encoded)  # (b, l, d) -> (b, l, cells)
