"""The training loss, and losses and accuracies over micro-batches."""

from __future__ import annotations

import math

import pytest
import torch

from trainer.model.outcome import Outcome, Outcomes
from trainer.tasks.base import Objective
from trainer.tasks.sums import ObjectiveSums, summarize, training_loss

NAMES = ("first", "second")


def _objectives(**weights: float) -> list[Objective]:
    return [Objective(name, f"{name} labels", weights.get(name, 1.0)) for name in NAMES]


def _outcomes(mean_loss: float, correct: int, answers: int) -> Outcomes:
    values = (mean_loss * answers, correct, answers)
    return {f"{name} labels": Outcome(*(torch.tensor(float(value)) for value in values)) for name in NAMES}


def _summary(*outcomes: Outcomes, **weights: float) -> dict[str, float]:
    sums = ObjectiveSums(_objectives(**weights))
    for micro_batch in outcomes:
        sums.add(micro_batch)
    return summarize(sums.local(), _objectives(**weights))


def test_a_loss_is_a_mean_over_all_labels_of_all_micro_batches():
    row = _summary(_outcomes(1.0, 1, 1), _outcomes(4.0, 3, 9))
    assert row["loss_first"] == pytest.approx(3.7)
    assert row["acc_first"] == 0.4


def test_columns_are_the_total_loss_then_the_losses_then_the_accuracies():
    names = ["loss", "loss_first", "loss_second", "acc_first", "acc_second"]
    assert list(_summary(_outcomes(1.0, 1, 1))) == names
    prefixed = summarize(ObjectiveSums(_objectives()).local(), _objectives(), prefix="val_")
    assert list(prefixed) == [f"val_{name}" for name in names]


def test_the_total_loss_is_weighted_by_objective():
    assert _summary(_outcomes(2.0, 0, 1), first=1.5, second=0.0)["loss"] == 3.0


def test_the_training_loss_is_the_weighted_sum_of_means_over_the_global_batch():
    answers = {"first": 8, "second": 4}
    parts = [training_loss(_outcomes(2.0, 0, 2), _objectives(second=0.5), answers, shares=3) for _ in range(2)]
    assert [part.item() for part in parts] == [pytest.approx(3 * (2 * 2 / 8 + 0.5 * 2 * 2 / 4))] * 2


def test_pages_without_labels_for_an_objective_do_not_count():
    row = _summary(_outcomes(0.0, 0, 0), _outcomes(2.0, 1, 2))
    assert (row["loss_second"], row["acc_second"]) == (2.0, 0.5)
    empty = _summary(_outcomes(0.0, 0, 0))
    assert (empty["loss_second"], empty["acc_second"]) == (0.0, 0.0)
    assert training_loss(_outcomes(0.0, 0, 0), _objectives(), dict.fromkeys(NAMES, 0.0)) == 0


def test_a_loss_that_is_not_finite_stays_visible_in_the_mean():
    row = _summary(_outcomes(float("nan"), 0, 1), _outcomes(2.0, 1, 2))
    assert math.isnan(row["loss"])
