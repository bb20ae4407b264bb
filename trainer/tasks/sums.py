"""The training loss of a task, and its losses and accuracies over micro-batches and ranks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import reduce
from operator import add

import torch
from torch import Tensor

from trainer.model.outcome import Outcome, Outcomes
from trainer.tasks.base import Objective


def training_loss(
    outcomes: Outcomes, objectives: Sequence[Objective], answers: Mapping[str, float], shares: int = 1
) -> Tensor:
    """Returns the part of the training loss that comes from one micro-batch, a float32 scalar.

    The training loss is the weighted sum of the objectives' mean losses over all labels of the global batch. It does
    not depend on how the global batch is split into ranks and micro-batches.

    Args:
        outcomes: result of `DocFormerV2.forward` for the micro-batch.
        objectives: the objectives of the task.
        answers: number of labels of each objective in the global batch, by the objective's name.
        shares: number of parts that are averaged and not added, because DeepSpeed averages gradients.
    """
    parts = (
        objective.weight * (_mean(outcome) * outcome.answers * (shares / max(answers[objective.name], 1)))
        for objective in objectives
        for outcome in [outcomes[objective.labels]]
    )
    return reduce(add, parts)


def _mean(outcome: Outcome) -> Tensor:
    # Mean times number of labels differs from the sum in the last bit. The gradients of earlier versions have that bit:
    # with the sum, a run that they began would continue with other losses.
    return outcome.loss_sum / outcome.answers.clamp(min=1)


class ObjectiveSums:
    """Sums of the model's outcomes. They stay on the device until they are read. Every label has the same weight."""

    def __init__(self, objectives: Sequence[Objective]) -> None:
        self.objectives = objectives
        self._sums: dict[str, Tensor] = {}

    def add(self, outcomes: Outcomes) -> None:
        """Adds the result of `DocFormerV2.forward` for one micro-batch."""
        for objective in self.objectives:
            for key, value in outcomes[objective.labels]._asdict().items():
                name = f"{key}_{objective.name}"
                self._sums[name] = self._sums.get(name, 0.0) + value.detach().double()

    def local(self) -> dict[str, float]:
        """Returns the sums of this rank, for `distributed.sum_over_ranks`. The keys are the same on every rank."""
        names = [f"{key}_{objective.name}" for objective in self.objectives for key in Outcome._fields]
        if not self._sums:
            return dict.fromkeys(names, 0.0)
        values = torch.stack([self._sums[name] for name in names]).tolist()  # one synchronisation with the device
        return dict(zip(names, values, strict=True))


def summarize(sums: Mapping[str, float], objectives: Sequence[Objective], prefix: str = "") -> dict[str, float]:
    """Returns `loss`, then `loss_*` and `acc_*` of each objective.

    Losses are means in nats. Accuracies are between 0 and 1. Both are 0 for an objective without labels.

    Args:
        sums: result of `ObjectiveSums.local`, added over all ranks.
        objectives: the objectives of the task.
        prefix: is put before each name.
    """
    losses = {o.name: _ratio(sums[f"loss_sum_{o.name}"], sums[f"answers_{o.name}"]) for o in objectives}
    accuracies = {o.name: _ratio(sums[f"correct_{o.name}"], sums[f"answers_{o.name}"]) for o in objectives}
    row = {
        "loss": float(sum(objective.weight * losses[objective.name] for objective in objectives)),
        **{f"loss_{name}": value for name, value in losses.items()},
        **{f"acc_{name}": value for name, value in accuracies.items()},
    }
    return {f"{prefix}{name}": value for name, value in row.items()}


def _ratio(total: float, count: float) -> float:
    return total / count if count else 0.0
