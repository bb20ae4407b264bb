"""DocFormerv2 interface (being written).

forward(batch) -> dict[str, Tensor] of scalars: loss_denoise, loss_line, loss_grid (mean over supervised elements, float32),
correct_denoise, correct_line, correct_grid, count_denoise, count_line, count_grid (float32, not differentiable).
"""

from __future__ import annotations

import torch
from torch import nn

from trainer.model_config import ModelConfig


class DocFormerV2(nn.Module):
    def __init__(self, config: ModelConfig, *, pretraining_heads: bool = True) -> None:
        super().__init__()
        self.config = config

    def forward(self, batch: dict) -> dict[str, torch.Tensor]:
        raise NotImplementedError
