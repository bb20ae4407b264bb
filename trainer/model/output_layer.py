"""The output layer over the vocabulary. It returns logits, or a cross entropy that never stores all logits at once."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from trainer.model.batch import IGNORE

CHUNK_ROWS = 1024  # rows of float32 logits at a time: 132 MB with 32,128 pieces


class OutputLayer(nn.Linear):
    """A projection to the vocabulary. Its weights are the token embeddings."""

    def forward(self, x: Tensor, labels: Tensor | None = None) -> Any:
        """Applies the layer to x (b, t, d).

        Returns:
            Logits (b, t, vocabulary); with `labels` (b, t), the result of `chunked_cross_entropy` instead.
        """
        if labels is None:
            return super().forward(x)  # (b, t, vocabulary)
        return chunked_cross_entropy(x.flatten(0, 1), self.weight, labels.flatten())  # scalars


def chunked_cross_entropy(x: Tensor, weight: Tensor, labels: Tensor, rows: int = CHUNK_ROWS) -> tuple[Tensor, Tensor]:
    """Computes the cross entropy of softmax(x weight^T) in chunks.

    Only `rows` rows of the logits exist at a time. Their gradient is computed in the forward pass, so the backward pass
    does not need the logits again. Softmax and sums are float32 in any precision.

    Args:
        x: (n, d).
        weight: (vocabulary, d).
        labels: (n,) int64; IGNORE: unsupervised.
        rows: rows per chunk.

    Returns:
        The sum of the cross entropy in nats, and the number of correct predictions; float32 scalars.
    """
    return _ChunkedCrossEntropy.apply(x, weight, labels, rows, torch.is_grad_enabled())


class _ChunkedCrossEntropy(torch.autograd.Function):
    """See `chunked_cross_entropy`. In shapes, r is the number of rows of a chunk."""

    @staticmethod
    def forward(
        ctx: Any, x: Tensor, weight: Tensor, labels: Tensor, rows: int, with_gradient: bool
    ) -> tuple[Tensor, Tensor]:
        loss, correct = (x.new_zeros((), dtype=torch.float32) for _ in range(2))
        grad_x: list[Tensor] = []
        # A single chunk needs no accumulator. Several chunks need a float32 one, so that no sum is rounded to bfloat16.
        grad_weight = torch.zeros_like(weight, dtype=torch.float32) if with_gradient and len(x) > rows else None
        for part, part_labels in zip(x.split(rows), labels.split(rows), strict=True):  # (r, d), (r,)
            logits = part @ weight.T  # (r, vocabulary)
            log_p = F.log_softmax(logits, dim=-1, dtype=torch.float32)  # (r, vocabulary)
            loss += F.nll_loss(log_p, part_labels, ignore_index=IGNORE, reduction="sum")
            correct += _count_correct(log_p, part_labels)
            if with_gradient:
                grad_logits = _grad_of_logits(log_p, part_labels).to(x.dtype)  # (r, vocabulary)
                supervised = (part_labels != IGNORE)[:, None]  # (r, 1)
                grad_x.append((grad_logits @ weight) * supervised)  # (r, d)
                product = grad_logits.T @ (part * supervised)  # (vocabulary, d)
                grad_weight = product if grad_weight is None else grad_weight.add_(product)
        if with_gradient and grad_weight is not None:
            ctx.save_for_backward(torch.cat(grad_x), grad_weight.to(weight.dtype))  # (n, d), (vocabulary, d)
        ctx.mark_non_differentiable(correct)
        return loss, correct

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, grad_loss: Tensor, grad_correct: Tensor) -> tuple[Tensor | None, ...]:
        grad_x, grad_weight = ctx.saved_tensors  # (n, d), (vocabulary, d)
        return grad_x * grad_loss, grad_weight * grad_loss, None, None, None


def _count_correct(log_p: Tensor, labels: Tensor) -> Tensor:
    """Returns how many labels have the highest probability. Comparing values is much faster than an argmax."""
    answer = log_p.gather(1, labels.clamp(min=0)[:, None])[:, 0]  # (r,)
    return ((answer == log_p.amax(dim=-1)) & (labels != IGNORE)).sum()  # scalar


def _grad_of_logits(log_p: Tensor, labels: Tensor) -> Tensor:
    """Returns softmax - one-hot, (r, vocabulary), in the memory of `log_p`. Rows of IGNORE are invalid: mask them."""
    target = labels.clamp(min=0)[:, None]  # (r, 1)
    return log_p.exp_().scatter_add_(1, target, log_p.new_full(target.shape, -1.0))  # (r, vocabulary)
