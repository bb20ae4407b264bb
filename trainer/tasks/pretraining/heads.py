"""The two encoder heads of pretraining (Appalaraju et al., AAAI 2024, section 3.2); dropped on export."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from trainer.model.batch import Batch
from trainer.model.config import ModelConfig
from trainer.model.outcome import Outcomes, classify


class PretrainingHeads(nn.Module):
    """Linear classifiers on the encoder's output: how far apart two tokens' lines are, and a token's grid cell."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.line = nn.Linear(2 * config.d_model, config.line_classes)
        self.grid = nn.Linear(config.d_model, config.grid_cells)

    def forward(self, encoded: Tensor, batch: Batch) -> Outcomes:
        """Returns the outcomes of `line_classes` and `cells` for the encoded text (b, l, d)."""
        return {
            "line_classes": classify(self.line_logits(encoded, batch["line_pairs"]), batch["line_classes"]),
            "cells": classify(self.grid_logits(encoded), batch["cells"]),
        }

    def line_logits(self, encoded: Tensor, pairs: Tensor) -> Tensor:
        """encoded (b, n, d), pairs (b, p, 2) positions. Returns (b, p, classes), the same for (i, j) as for (j, i).

        A linear layer on two concatenated outputs scores each on its own and cannot tell whether they agree; their
        product and distance can (Conneau et al. 2017).
        """
        batch = torch.arange(len(pairs), device=pairs.device)[:, None]
        first, second = encoded[batch, pairs[..., 0]], encoded[batch, pairs[..., 1]]
        return self.line(torch.cat([first * second, (first - second).abs()], dim=-1))

    def grid_logits(self, encoded: Tensor) -> Tensor:
        """encoded (b, n, d). Returns (b, n, cells)."""
        return self.grid(encoded)
