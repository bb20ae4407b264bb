"""Settings of the optimizer and of the learning rate."""

from __future__ import annotations

import math
from dataclasses import dataclass

from schemas import UsageError

LONGEST_WARMUP = 2000  # steps, if optimizer.warmup_steps is not set


@dataclass(frozen=True)
class OptimizerConfig:
    """AdamW (Loshchilov & Hutter 2019, https://arxiv.org/abs/1711.05101) with a cosine schedule and warm-up.

    Raises:
        UsageError: a value is out of its range.
    """

    learning_rate: float = 1e-2  # peak, relative to the size of each weight as in T5; about 1e-3 for pretrained weights
    warmup_steps: int | None = None  # linear, from 0; null: a tenth of the run, at most 2000
    final_lr_share: float = 0.1  # share of the peak that is left at max_steps
    beta1: float = 0.9
    beta2: float = 0.98  # 0.999 reacts too slowly to the rare large gradients of T5 (Shazeer & Stern 2018, section 5)
    eps: float = 1e-8
    weight_decay: float = 0.01  # applies to matrices only: see trainer.engine.parameter_groups
    clip_norm: float = 1.0  # maximum norm of the whole gradient; 0: no clipping

    def __post_init__(self) -> None:
        for name in ("learning_rate", "eps"):
            if not 0 < getattr(self, name) < math.inf:
                raise UsageError(f"optimizer.{name} must be above 0, got {getattr(self, name)}")
        for name in ("warmup_steps", "weight_decay", "clip_norm"):
            if not 0 <= (getattr(self, name) or 0) < math.inf:
                raise UsageError(f"optimizer.{name} must not be negative, got {getattr(self, name)}")
        for name in ("beta1", "beta2"):
            if not 0 <= getattr(self, name) < 1:
                raise UsageError(f"optimizer.{name} must be in [0, 1), got {getattr(self, name)}")
        if not 0 <= self.final_lr_share <= 1:
            raise UsageError(f"optimizer.final_lr_share must be in [0, 1], got {self.final_lr_share}")

    def warmup(self, max_steps: int) -> int:
        """Returns the steps of the warm-up in a run of `max_steps` steps."""
        return min(LONGEST_WARMUP, max_steps // 10) if self.warmup_steps is None else self.warmup_steps
