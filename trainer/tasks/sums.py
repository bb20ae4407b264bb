"""The training loss of a task, and losses and accuracies summed over micro-batches and ranks."""

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
    """Returns a micro-batch's part of the training loss, a float32 scalar.

    The training loss is the weighted sum of the objectives' means over all answers of the global batch, however that
    is cut into ranks and micro-batches.

    Args:
        answers: labels of each objective in the global batch, by the objective's name.
        shares: number of parts whose mean, not sum, is the loss: DeepSpeed averages gradients.
    """
    parts = (
        objective.weight * (outcomes[objective.labels].loss_sum * (shares / max(answers[objective.name], 1)))
        for objective in objectives
    )
    return reduce(add, parts)


class ObjectiveSums:
    """Sums of the model's outcomes, kept on the device until they are read. Every answer weighs the same."""

    def __init__(self, objectives: Sequence[Objective]) -> None:
        self.objectives = objectives
        self._sums: dict[str, Tensor] = {}

    def add(self, outcomes: Outcomes) -> None:
        """Adds what `DocFormerV2.forward` returned for a micro-batch."""
        for objective in self.objectives:
            for key, value in outcomes[objective.labels]._asdict().items():
                name = f"{key}_{objective.name}"
                self._sums[name] = self._sums.get(name, 0.0) + value.detach().double()

    def local(self) -> dict[str, float]:
        """Returns this rank's sums, for `distributed.sum_over_ranks`; the same keys on every rank."""
        names = [f"{key}_{objective.name}" for objective in self.objectives for key in Outcome._fields]
        if not self._sums:
            return dict.fromkeys(names, 0.0)
        values = torch.stack([self._sums[name] for name in names]).tolist()  # waits for the device once
        return dict(zip(names, values, strict=True))


def summarize(sums: Mapping[str, float], objectives: Sequence[Objective], prefix: str = "") -> dict[str, float]:
    """Returns loss, then loss_* and acc_* of each objective, from sums over all ranks.

    Losses are means in nats, accuracies shares of 1; both are 0 for an objective without an answer.
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
