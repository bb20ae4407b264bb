"""The parameter groups of AdamW: which weights decay, and the relative learning rate of each weight."""

from __future__ import annotations

import math
from typing import Any

from torch import nn

SMALLEST_LR_SCALE = 2.0**-10  # above 0, so that weights that start at zero can learn


def parameter_groups(model: nn.Module, weight_decay: float, scales: dict[str, float]) -> list[dict[str, Any]]:
    """Returns the parameter groups of AdamW. All parameters of a group have the same weight decay and `lr_scale`.

    Only matrices decay. Norm weights and biases must be free to take the scale that works best. Embeddings do not decay
    either, because rows that a batch does not use would shrink.

    Args:
        scales: `lr_scale` of each parameter by name.
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
    """Returns the root mean square of the weights, rounded to a power of two to keep the number of groups small.

    Adam changes every weight by about the learning rate. But T5's initial weights range from 0.01 (queries) to 1
    (embeddings). A single rate is too high for the former and far too low for the latter. T5 was trained with learning
    rates relative to the size of each tensor (Adafactor: Shazeer & Stern 2018, section 8). ZeRO flattens the tensors,
    so their sizes are measured only once, at the start.
    """
    size = float(parameter.detach().float().pow(2).mean().sqrt())
    return 2.0 ** round(math.log2(max(size, SMALLEST_LR_SCALE)))
