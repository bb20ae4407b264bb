"""AdamW that leaves everything as it is at a step whose gradient is not to be trusted."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch


def is_usable(grad_norm: float, most: float) -> bool:
    """Returns whether a gradient of this norm, before clipping, is finite and no more than `most`; 0 is no limit."""
    return math.isfinite(grad_norm) and (most == 0 or grad_norm <= most)


class GuardedAdamW(torch.optim.AdamW):
    """AdamW that changes neither weights nor moments nor its count of steps where the gradient is not usable.

    ZeRO calls `step` once for each of its parts, when the norm over all ranks is known: all parts on all ranks decide
    alike. (DeepSpeed drops a step of its own accord only in stages 1 to 3, and only where the norm is not finite.)

    Attributes:
        grad_norm: returns the norm before clipping; DeepSpeed takes a first step to allocate the moments, before any.
    """

    def __init__(self, params: Any, *, most_grad_norm: float, **settings: Any) -> None:
        super().__init__(params, **settings)
        self.most_grad_norm = most_grad_norm
        self.grad_norm: Callable[[], float] = lambda: 0.0

    def step(self, closure: Any = None) -> Any:
        return super().step(closure) if is_usable(self.grad_norm(), self.most_grad_norm) else None
