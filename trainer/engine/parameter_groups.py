"""AdamW's parameter groups: which weights decay, and how fast each of them learns."""

from __future__ import annotations

import math
from typing import Any

from torch import nn

SMALLEST_LR_SCALE = 2.0**-10  # so that what begins at zero can leave it


def parameter_groups(model: nn.Module, weight_decay: float, scales: dict[str, float]) -> list[dict[str, Any]]:
    """Returns AdamW's parameter groups: alike in decay and in `lr_scale`, the size of their weights at the start.

    Decay pulls matrices only: norm weights and biases must be free to stand where they scale best, and rows of
    embeddings that a batch does not touch must not shrink because of it.
    """
    embeddings = {id(p) for module in model.modules() if isinstance(module, nn.Embedding) for p in module.parameters()}
    groups: dict[tuple[float, float], dict[str, Any]] = {}
    for name, parameter in model.named_parameters():
        decay = 0.0 if parameter.ndim < 2 or id(parameter) in embeddings else weight_decay
        scale = scales[name]
        group = groups.setdefault((decay, scale), {"params": [], "weight_decay": decay, "lr_scale": scale})
        group["params"].append(parameter)
    return list(groups.values())


def lr_scales(model: nn.Module) -> dict[str, float]:
    """Returns the `lr_scale` of each parameter by name."""
    return {name: lr_scale(parameter) for name, parameter in model.named_parameters()}


def lr_scale(parameter: nn.Parameter) -> float:
    """Returns the root mean square of the weights, rounded to a power of two so that groups are few.

    Adam moves every weight by about the learning rate, while T5's weights begin at anything from 0.01 (queries) to 1
    (embeddings): one rate for all is too fast for the former and far too slow for the latter. T5 was trained with rates
    relative to a tensor's size (Adafactor: Shazeer & Stern 2018, section 8). ZeRO flattens tensors, so theirs is taken
    once, at the start.
    """
    size = float(parameter.detach().float().pow(2).mean().sqrt())
    return 2.0 ** round(math.log2(max(size, SMALLEST_LR_SCALE)))
