"""The outcome of one label tensor of a batch: its summed loss and counts."""

from __future__ import annotations

from typing import NamedTuple

from torch import Tensor
from torch.nn import functional as F

from trainer.model.batch import IGNORE


class Outcome(NamedTuple):
    """Float32 scalars over the labels of a tensor that are not IGNORE.

    These are sums, not means, so that they can be added over micro-batches and ranks. The type is a tuple because
    DeepSpeed's hooks find tensors inside tuples.

    Attributes:
        loss_sum: sum of the cross entropy in nats.
        correct: number of labels that got the highest score.
        answers: number of labels.
    """

    loss_sum: Tensor
    correct: Tensor
    answers: Tensor


Outcomes = dict[str, Outcome]
"""One outcome for each label tensor of the batch that the model predicts, by the name of the tensor."""


def classify(logits: Tensor, labels: Tensor) -> Outcome:
    """Returns the outcome of a classification.

    Args:
        logits: (..., classes), of any precision.
        labels: (...) int64; IGNORE: unsupervised.
    """
    logits, flat = logits.flatten(0, -2).float(), labels.flatten()  # (n, classes), (n,)
    loss_sum = F.cross_entropy(logits, flat, ignore_index=IGNORE, reduction="sum")  # scalar
    correct = (logits.detach().argmax(dim=-1) == flat).sum()  # scalar; IGNORE is not a class, so it is never correct
    return Outcome(loss_sum, correct.float(), count_labels(labels))


def count_labels(labels: Tensor) -> Tensor:
    """Returns how many labels are not IGNORE, as a float32 scalar."""
    return (labels != IGNORE).sum().float()
