"""Losses and accuracies over micro-batches."""

from __future__ import annotations

import math

import pytest
import torch

from trainer.metrics import OBJECTIVES, ObjectiveSums, summarize
from trainer.objectives import ObjectivesConfig


def _outputs(loss: float, correct: int, count: int) -> dict[str, torch.Tensor]:
    values = {f"loss_{name}": loss for name in OBJECTIVES} | {f"correct_{name}": correct for name in OBJECTIVES}
    values |= {f"count_{name}": count for name in OBJECTIVES}
    return {name: torch.tensor(float(value)) for name, value in values.items()}


def _summary(*outputs: dict[str, torch.Tensor], **weights: float) -> dict[str, float]:
    sums = ObjectiveSums()
    for output in outputs:
        sums.add(output)
    return summarize(sums.local(), ObjectivesConfig(**weights))


def test_a_loss_is_a_mean_over_answers_however_pages_are_batched():
    row = _summary(_outputs(1.0, 1, 1), _outputs(4.0, 3, 9))
    assert row["loss_line"] == pytest.approx(3.7)
    assert row["acc_line"] == 0.4


def test_the_total_weighs_the_objectives():
    row = _summary(_outputs(2.0, 0, 1), denoise_weight=1.0, line_weight=0.5, grid_weight=0.0)
    assert row["loss"] == 3.0


def test_pages_that_do_not_supervise_an_objective_do_not_count():
    row = _summary(_outputs(0.0, 0, 0), _outputs(2.0, 1, 2))
    assert (row["loss_grid"], row["acc_grid"]) == (2.0, 0.5)
    nothing = _summary(_outputs(0.0, 0, 0))
    assert (nothing["loss_grid"], nothing["acc_grid"]) == (0.0, 0.0)


def test_a_loss_that_is_not_finite_shows():
    row = _summary(_outputs(float("nan"), 0, 1), _outputs(2.0, 1, 2))
    assert math.isnan(row["loss"])
