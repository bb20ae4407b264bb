"""Sums and counts over the labels of a batch."""

from __future__ import annotations

import math

import pytest
import torch

from trainer.model.batch import IGNORE
from trainer.model.outcome import classify


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_ignored_labels_do_not_count(dtype):
    logits = torch.tensor([[[9.0, 0.0], [0.0, 9.0], [0.0, 0.0]]], dtype=dtype)  # (1, 3, 2)
    outcome = classify(logits, torch.tensor([[0, 0, IGNORE]]))
    assert {value.dtype for value in outcome} == {torch.float32}
    assert outcome.loss_sum.item() == pytest.approx(9 + 2 * math.log1p(math.exp(-9)), rel=1e-5)
    assert (outcome.correct, outcome.answers) == (1, 2)


def test_without_labels_all_sums_and_gradients_are_zero():
    logits = torch.randn(4, 3, requires_grad=True)
    outcome = classify(logits, torch.full((4,), IGNORE))
    outcome.loss_sum.backward()
    assert [value.item() for value in outcome] == [0, 0, 0]
    assert not logits.grad.any()
