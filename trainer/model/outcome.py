"""What the model answers: sums and counts over one label tensor of a batch."""

from __future__ import annotations

from typing import NamedTuple

from torch import Tensor
from torch.nn import functional as F

from trainer.model.batch import IGNORE


class Outcome(NamedTuple):
    """Float32 scalars over the labels of a tensor that are not IGNORE.

    Sums, not means: they add up over micro-batches and ranks. A tuple, which DeepSpeed's hooks look into.

    Attributes:
        loss_sum: sum of the cross entropy in nats.
        correct: number of labels that got the highest score.
        answers: number of labels.
    """

    loss_sum: Tensor
    correct: Tensor
    answers: Tensor


Outcomes = dict[str, Outcome]
"""One outcome for each label tensor of the batch that the model answers, by the name of the tensor."""


def classify(logits: Tensor, labels: Tensor) -> Outcome:
    """Returns the outcome of logits (..., classes), of any precision, for labels (...)."""
    logits, flat = logits.flatten(0, -2).float(), labels.flatten()  # (n, classes), (n)
    loss_sum = F.cross_entropy(logits, flat, ignore_index=IGNORE, reduction="sum")
    correct = (logits.detach().argmax(dim=-1) == flat).sum()  # IGNORE is no class, hence never correct
    return Outcome(loss_sum, correct.float(), count_labels(labels))


def count_labels(labels: Tensor) -> Tensor:
    """Returns how many labels are not IGNORE, as a float32 scalar."""
    return (labels != IGNORE).sum().float()
