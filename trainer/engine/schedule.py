"""The learning-rate schedule of a run."""

from __future__ import annotations

import math
from typing import Any

from trainer.settings.optimizer import OptimizerConfig


def learning_rate(step: int, max_steps: int, settings: OptimizerConfig) -> float:
    """Returns the learning rate of a step: linear warm-up, then cosine decay to `final_lr_share` of the peak.

    If `warmup_steps` is set, the warm-up does not depend on `max_steps`. So a run that is resumed during its warm-up
    with another `max_steps` equals a run that had this value from the start.

    Args:
        step: from 1 to `max_steps`.
    """
    warmup = settings.warmup(max_steps)
    if step <= warmup:
        return settings.learning_rate * step / warmup
    progress = (step - warmup) / (max_steps - warmup)
    cosine = (1 + math.cos(math.pi * progress)) / 2
    return settings.learning_rate * (settings.final_lr_share + (1 - settings.final_lr_share) * cosine)


def set_learning_rate(engine: Any, rate: float) -> None:
    """Sets the learning rate of the next update. The rate of each group is multiplied by its `lr_scale`."""
    for group in engine.optimizer.param_groups:
        group["lr"] = rate * group["lr_scale"]
