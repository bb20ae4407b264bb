"""The output layer over the vocabulary: logits, or the cross entropy without ever holding all of them."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from trainer.model.batch import IGNORE

CHUNK_ROWS = 1024  # of float32 logits at a time: 132 MB over 32,128 pieces


class OutputLayer(nn.Linear):
    """A projection on the vocabulary, whose weights are the embeddings of the tokens."""

    def forward(self, x: Tensor, labels: Tensor | None = None) -> Any:
        """x (b, t, d). Returns logits (b, t, vocabulary); with `labels` (b, t), what `chunked_cross_entropy` does."""
        if labels is None:
            return super().forward(x)
        return chunked_cross_entropy(x.flatten(0, 1), self.weight, labels.flatten())


def chunked_cross_entropy(x: Tensor, weight: Tensor, labels: Tensor, rows: int = CHUNK_ROWS) -> tuple[Tensor, Tensor]:
    """Sum of the cross entropy of softmax(x weight^T) in nats, and the number of right answers; float32 scalars.

    `rows` of the logits exist at a time, with their gradient, which is taken at once: no second product in the backward
    pass. Softmax and sums are float32 in any precision.

    Args:
        x: (n, d).
        weight: (vocabulary, d).
        labels: (n,), IGNORE where nothing is asked for.
    """
    return _ChunkedCrossEntropy.apply(x, weight, labels, rows, torch.is_grad_enabled())


class _ChunkedCrossEntropy(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, x: Tensor, weight: Tensor, labels: Tensor, rows: int, with_gradient: bool
    ) -> tuple[Tensor, Tensor]:
        loss, correct = (x.new_zeros((), dtype=torch.float32) for _ in range(2))
        grad_x: list[Tensor] = []
        # One chunk needs no accumulator, several need one that rounds no sum to bfloat16.
        grad_weight = torch.zeros_like(weight, dtype=torch.float32) if with_gradient and len(x) > rows else None
        for part, wanted in zip(x.split(rows), labels.split(rows), strict=True):
            logits = part @ weight.T
            log_p = F.log_softmax(logits, dim=-1, dtype=torch.float32)
            loss += F.nll_loss(log_p, wanted, ignore_index=IGNORE, reduction="sum")
            correct += _count_right(log_p, wanted)
            if with_gradient:
                grad_logits = _grad_of_logits(log_p, wanted).to(x.dtype)
                supervised = (wanted != IGNORE)[:, None]
                grad_x.append((grad_logits @ weight) * supervised)
                product = grad_logits.T @ (part * supervised)
                grad_weight = product if grad_weight is None else grad_weight.add_(product)
        if with_gradient and grad_weight is not None:
            ctx.save_for_backward(torch.cat(grad_x), grad_weight.to(weight.dtype))
        ctx.mark_non_differentiable(correct)
        return loss, correct

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, grad_loss: Tensor, grad_correct: Tensor) -> tuple[Tensor | None, ...]:
        grad_x, grad_weight = ctx.saved_tensors
        return grad_x * grad_loss, grad_weight * grad_loss, None, None, None


def _count_right(log_p: Tensor, labels: Tensor) -> Tensor:
    """Answers whose probability is the largest; a search for the place of the largest takes far longer."""
    answer = log_p.gather(1, labels.clamp(min=0)[:, None])[:, 0]
    return ((answer == log_p.amax(dim=-1)) & (labels != IGNORE)).sum()


def _grad_of_logits(log_p: Tensor, labels: Tensor) -> Tensor:
    """softmax - one-hot, in the memory of `log_p`; what it says of a row that is not supervised must not be used."""
    target = labels.clamp(min=0)[:, None]
    return log_p.exp_().scatter_add_(1, target, log_p.new_full(target.shape, -1.0))
