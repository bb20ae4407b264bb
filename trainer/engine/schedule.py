"""The learning rate over the steps of a run."""

from __future__ import annotations

import math
from typing import Any

from trainer.settings.optimizer import OptimizerConfig


def learning_rate(step: int, max_steps: int, settings: OptimizerConfig) -> float:
    """Returns the learning rate of step 1..max_steps: linear warm-up, then a cosine to `final_lr_share` of the peak.

    The warm-up does not depend on `max_steps`: a run that was begun with fewer steps goes on as if it had not been.
    """
    if step <= settings.warmup_steps:
        return settings.learning_rate * step / settings.warmup_steps
    progress = (step - settings.warmup_steps) / (max_steps - settings.warmup_steps)
    cosine = (1 + math.cos(math.pi * progress)) / 2
    return settings.learning_rate * (settings.final_lr_share + (1 - settings.final_lr_share) * cosine)


def set_learning_rate(engine: Any, rate: float) -> None:
    """Sets the rate of the next update, relative to the size of the weights."""
    for group in engine.optimizer.param_groups:
        group["lr"] = rate * group["lr_scale"]
