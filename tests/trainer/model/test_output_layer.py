"""The chunked cross entropy has the value and the gradients of torch's cross entropy."""

from __future__ import annotations

import pytest
import torch
from torch.nn import functional as F

from trainer.model.batch import IGNORE
from trainer.model.output_layer import OutputLayer, chunked_cross_entropy


def random_inputs(dtype: torch.dtype, rows: int = 37) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Returns x (rows, 16), weight (50, 16) and labels (rows,), every fifth of them IGNORE."""
    torch.manual_seed(0)
    x, weight = (torch.randn(count, 16).to(dtype).requires_grad_() for count in (rows, 50))
    labels = torch.randint(50, (rows,))
    labels[::5] = IGNORE
    return x, weight, labels


@pytest.mark.parametrize("rows", [1, 8, 37, 64])
def test_loss_and_gradients_do_not_depend_on_the_chunk_size(rows):
    x, weight, labels = random_inputs(torch.float64 if rows == 1 else torch.float32)
    loss, correct = chunked_cross_entropy(x, weight, labels, rows)
    logits = x @ weight.T
    expected = F.cross_entropy(logits, labels, ignore_index=IGNORE, reduction="sum")
    torch.testing.assert_close(loss, expected.float(), rtol=1e-6, atol=0)
    assert correct == (logits.argmax(1) == labels).sum()
    ours, plain = (torch.autograd.grad(0.3 * value, (x, weight)) for value in (loss, expected))
    for got, wanted in zip(ours, plain, strict=True):
        torch.testing.assert_close(got, wanted, rtol=1e-5, atol=1e-6)


def test_many_bfloat16_chunks_are_about_as_exact_as_one():
    x, weight, labels = random_inputs(torch.bfloat16, rows=2000)
    exact = torch.autograd.grad(
        F.cross_entropy(x.double() @ weight.double().T, labels, ignore_index=IGNORE, reduction="sum"), weight
    )[0]
    errors = [
        (torch.autograd.grad(chunked_cross_entropy(x, weight, labels, rows)[0], weight)[0] - exact).abs().max()
        for rows in (10, 2000)
    ]
    assert errors[0] <= 2 * errors[1]


def test_a_batch_without_labels_has_zero_loss_and_zero_gradients():
    x, weight, labels = random_inputs(torch.float32)
    loss, correct = chunked_cross_entropy(x, weight, torch.full_like(labels, IGNORE), 8)
    assert loss == correct == 0
    assert not any(gradient.any() for gradient in torch.autograd.grad(loss, (x, weight)))


def test_the_layer_returns_logits_or_with_labels_the_loss():
    torch.manual_seed(0)
    layer, x = OutputLayer(16, 50, bias=False), torch.randn(2, 3, 16)
    labels = torch.tensor([[4, 7, IGNORE], [1, IGNORE, 2]])
    with torch.no_grad():
        logits, (loss, _) = layer(x), layer(x, labels)
    expected = F.cross_entropy(logits.flatten(0, 1), labels.flatten(), ignore_index=IGNORE, reduction="sum")
    torch.testing.assert_close(loss, expected)
