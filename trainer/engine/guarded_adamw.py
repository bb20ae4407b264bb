"""AdamW that skips a step whose gradient is not usable."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch


def is_usable(grad_norm: float, skip_grad_norm: float) -> bool:
    """Returns whether a gradient is usable: its norm is finite and within the limit.

    Args:
        grad_norm: norm of the gradient before clipping.
        skip_grad_norm: the largest norm allowed; 0 means no limit.
    """
    return math.isfinite(grad_norm) and (skip_grad_norm == 0 or grad_norm <= skip_grad_norm)


class GuardedAdamW(torch.optim.AdamW):
    """AdamW that changes no weight, no moment and no step count if the gradient is not usable (see `is_usable`).

    ZeRO calls `step` once for each of its partitions, after the norm over all ranks is known. So all partitions on all
    ranks make the same decision. (DeepSpeed itself skips a step only in stages 1 to 3, and only if the norm is not
    finite.)

    Attributes:
        grad_norm: returns the norm before clipping. It returns 0 at first, because DeepSpeed takes a step to allocate
            the moments before there is a gradient.
    """

    def __init__(self, params: Any, *, skip_grad_norm: float, **settings: Any) -> None:
        super().__init__(params, **settings)
        self.skip_grad_norm = skip_grad_norm
        self.grad_norm: Callable[[], float] = lambda: 0.0

    def step(self, closure: Any = None) -> Any:
        """Updates the weights if the gradient is usable, otherwise does nothing."""
        return super().step(closure) if is_usable(self.grad_norm(), self.skip_grad_norm) else None
