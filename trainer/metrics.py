"""Losses and accuracies of the three objectives, summed over micro-batches and ranks."""

from __future__ import annotations

import torch

from trainer.objectives import ObjectivesConfig

OBJECTIVES = ("denoise", "line", "grid")


class ObjectiveSums:
    """What the model's outputs add up to, kept on the device until they are read. Every answer weighs the same."""

    def __init__(self) -> None:
        self._sums: dict[str, torch.Tensor] = {}

    def add(self, outputs: dict[str, torch.Tensor]) -> None:
        """Adds the scalars that `DocFormerV2.forward` returned for a micro-batch."""
        for name in OBJECTIVES:
            self._accumulate(f"loss_{name}", outputs[f"loss_{name}"] * outputs[f"count_{name}"])
            for key in ("correct", "count"):
                self._accumulate(f"{key}_{name}", outputs[f"{key}_{name}"])

    def _accumulate(self, key: str, value: torch.Tensor) -> None:
        self._sums[key] = self._sums.get(key, 0.0) + value.detach().double()

    def local(self) -> dict[str, float]:
        """Returns this rank's sums, for `distributed.sum_over_ranks`; the same keys on every rank."""
        names = [f"{key}_{name}" for name in OBJECTIVES for key in ("loss", "correct", "count")]
        if not self._sums:
            return dict.fromkeys(names, 0.0)
        values = torch.stack([self._sums[name] for name in names]).tolist()  # one wait for the device, not nine
        return dict(zip(names, values, strict=True))


def summarize(sums: dict[str, float], objectives: ObjectivesConfig, prefix: str = "") -> dict[str, float]:
    """Returns loss, loss_denoise, loss_line, loss_grid, acc_denoise, acc_line, acc_grid, from sums over all ranks.

    Losses are means in nats, accuracies shares of 1; an objective that asks for no answer has 0 for both.
    """
    losses = {f"loss_{name}": _ratio(sums[f"loss_{name}"], sums[f"count_{name}"]) for name in OBJECTIVES}
    accuracies = {f"acc_{name}": _ratio(sums[f"correct_{name}"], sums[f"count_{name}"]) for name in OBJECTIVES}
    total = objectives.total({name: torch.tensor(value, dtype=torch.float64) for name, value in losses.items()})
    row = {"loss": float(total), **losses, **accuracies}
    return {f"{prefix}{name}": value for name, value in row.items()}


def _ratio(total: float, count: float) -> float:
    return total / count if count else 0.0
