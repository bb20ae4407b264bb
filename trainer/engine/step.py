"""One optimizer step around its forward and backward passes: the micro-batches, their loss, and what became of them."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from trainer import distributed
from trainer.engine.guarded_adamw import is_usable
from trainer.model.batch import IGNORE, Batch
from trainer.model.config import ModelConfig
from trainer.model.flops import flops_per_sequence
from trainer.model.outcome import Outcomes
from trainer.settings.training import TrainingConfig
from trainer.tasks.base import Task
from trainer.tasks.sums import ObjectiveSums, summarize, training_loss


@dataclass(frozen=True)
class SkippedBatch:
    """The pages of a step whose gradient was not usable.

    Attributes:
        keys: of the global batch.
        suspects: of its micro-batches whose own loss is not finite.
    """

    keys: list[str]
    suspects: list[str]


@dataclass(frozen=True)
class StepResult:
    """What a step did, the same on every rank.

    Attributes:
        metrics: loss, loss_*, acc_* of this step's global batch; empty where they were not read.
        grad_norm: before clipping.
        tokens: text and target tokens, padding excluded.
        positions: padding included.
        flops: that model and heads needed for them, forward and backward.
        data_wait_s: mean over the ranks.
        stop: whether any rank was asked to stop.
        bad: pages that others were read in place of, each with the reason.
        skipped: None where the weights were updated.
    """

    metrics: dict[str, float]
    grad_norm: float
    tokens: float
    positions: float
    flops: float
    data_wait_s: float
    stop: bool
    bad: list[str]
    skipped: SkippedBatch | None


class StepWork:
    """The micro-batches of a step on this rank, and sums over all ranks. Collective: all ranks make one.

    Args:
        waited_s: seconds that this rank waited for the batches.
        stop: whether this rank was asked to stop.
    """

    def __init__(
        self, micro_batches: list[Batch], task: Task, config: TrainingConfig, *, waited_s: float, stop: bool
    ) -> None:
        self.micro_batches = micro_batches
        self._objectives = task.objectives
        self._most_grad_norm = config.skip_grad_norm
        mine = {**_work(micro_batches, config.model, task), "wait_s": waited_s, "stop": float(stop)}
        totals = distributed.sum_over_ranks({**mine, **_answers(micro_batches, task)})
        self._answers = {objective.name: totals[f"answers {objective.name}"] for objective in task.objectives}
        self._totals = totals
        self._shares = distributed.world_size() * len(micro_batches)  # DeepSpeed takes the mean of so many gradients
        self._sums = ObjectiveSums(task.objectives)
        self._losses: list[Tensor] = []

    def loss(self, outcomes: Outcomes) -> Tensor:
        """Returns the loss of a micro-batch, a float32 scalar, and adds its outcomes to the sums of the step."""
        loss = training_loss(outcomes, self._objectives, self._answers, self._shares)
        self._losses.append(loss.detach())
        self._sums.add(outcomes)
        return loss

    def result(self, grad_norm: float, *, measured: bool) -> StepResult:
        """Returns what the step did. Collective."""
        usable = is_usable(grad_norm, self._most_grad_norm)
        metrics: dict[str, float] = {}
        if measured or not usable:
            metrics = summarize(distributed.sum_over_ranks(self._sums.local()), self._objectives)
        return StepResult(
            metrics=metrics,
            grad_norm=grad_norm,
            tokens=self._totals["tokens"],
            positions=self._totals["positions"],
            flops=self._totals["flops"],
            data_wait_s=self._totals["wait_s"] / distributed.world_size(),
            stop=self._totals["stop"] > 0,
            bad=_gather(_pages(self.micro_batches, "bad")) if self._totals["bad"] else [],
            skipped=None if usable else self._skipped(),
        )

    def _skipped(self) -> SkippedBatch:
        pairs = zip(self.micro_batches, self._losses, strict=True)
        suspects = [batch for batch, loss in pairs if not torch.isfinite(loss)]
        return SkippedBatch(_gather(_pages(self.micro_batches, "keys")), _gather(_pages(suspects, "keys")))


def read_step(batches: Iterator[Batch], count: int, task: Task, config: TrainingConfig, *, stop: bool) -> StepWork:
    """Waits for the next `count` micro-batches of this rank and returns the work of a step. Collective."""
    started = time.perf_counter()
    micro_batches = [next(batches) for _ in range(count)]
    return StepWork(micro_batches, task, config, waited_s=time.perf_counter() - started, stop=stop)


def _work(micro_batches: list[Batch], model: ModelConfig, task: Task) -> dict[str, float]:
    """Returns what this rank has to do, as `StepResult` names it."""
    return {
        "tokens": float(sum(map(count_tokens, micro_batches))),
        "positions": float(sum(batch["text_mask"].numel() + batch["labels"].numel() for batch in micro_batches)),
        "flops": sum(count_flops(batch, model, task) for batch in micro_batches),
        "bad": float(sum(len(batch["bad"]) for batch in micro_batches)),
    }


def _answers(micro_batches: list[Batch], task: Task) -> dict[str, float]:
    """Returns how many labels each objective has on this rank, by `answers <name>`."""
    return {
        f"answers {objective.name}": float(sum(int((b[objective.labels] != IGNORE).sum()) for b in micro_batches))
        for objective in task.objectives
    }


def _pages(micro_batches: list[Batch], name: str) -> list[str]:
    return [page for batch in micro_batches for page in batch[name]]


def _gather(mine: list[str]) -> list[str]:
    return [page for part in distributed.gather(mine) for page in part]


def seed_dropout(seed: int, step: int, micro_batch: int) -> None:
    """Seeds torch's generators for one micro-batch of this rank."""
    torch.manual_seed(dropout_seed(seed, step, micro_batch, distributed.rank()))


def dropout_seed(seed: int, step: int, micro_batch: int, rank: int) -> int:
    """Returns the seed of torch's generators for one micro-batch: 63 bits."""
    digest = hashlib.sha256(f"{seed}/{step}/{micro_batch}/{rank}".encode()).digest()
    return int.from_bytes(digest[:8], "little") >> 1


def count_tokens(batch: Batch) -> int:
    """Returns the text and target tokens of a batch, padding excluded."""
    return int(batch["text_mask"].sum() + (batch["labels"] != IGNORE).sum())


def count_flops(batch: Batch, model: ModelConfig, task: Task) -> float:
    """Returns the FLOPs that model and heads need for a batch, forward and backward, padding excluded."""
    lengths = zip(batch["text_mask"].sum(1).tolist(), (batch["labels"] != IGNORE).sum(1).tolist(), strict=True)
    return float(sum(flops_per_sequence(model, text, target) + task.head_flops(text) for text, target in lengths))
