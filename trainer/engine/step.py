"""One optimizer step, except its forward and backward passes: its micro-batches, their loss and the result."""

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
        keys: keys of all pages of the global batch.
        suspects: keys of the pages in micro-batches whose own loss is not finite.
    """

    keys: list[str]
    suspects: list[str]


@dataclass(frozen=True)
class StepResult:
    """The result of a step, the same on every rank.

    Attributes:
        metrics: loss, loss_*, acc_* of the global batch; empty if they were not read.
        grad_norm: norm of the gradient before clipping.
        tokens: text and target tokens of the global batch, without padding.
        positions: the same with padding.
        flops: FLOPs that model and heads need for the tokens, forward and backward.
        data_wait_s: seconds spent waiting for data, mean over the ranks.
        stop: whether any rank was requested to stop.
        bad: pages that were replaced by others, each with the reason.
        skipped: the pages of a skipped step; None if the weights were updated.
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
    """The micro-batches of a step on this rank, and sums over all ranks. Collective: all ranks create one.

    Attributes:
        micro_batches: of this rank, in order.

    Args:
        waited_s: seconds that this rank waited for the batches.
        stop: whether this rank was requested to stop.
    """

    def __init__(
        self, micro_batches: list[Batch], task: Task, config: TrainingConfig, *, waited_s: float, stop: bool
    ) -> None:
        self.micro_batches = micro_batches
        self._objectives = task.objectives
        self._skip_grad_norm = config.skip_grad_norm
        mine = {**_work(micro_batches, config.model, task), "wait_s": waited_s, "stop": float(stop)}
        totals = distributed.sum_over_ranks({**mine, **_answers(micro_batches, task)})
        self._answers = {objective.name: totals[f"answers {objective.name}"] for objective in task.objectives}
        self._totals = totals
        self._shares = distributed.world_size() * len(micro_batches)  # DeepSpeed averages this many gradients
        self._sums = ObjectiveSums(task.objectives)
        self._losses: list[Tensor] = []

    def loss(self, outcomes: Outcomes) -> Tensor:
        """Returns the loss of a micro-batch as a float32 scalar, and adds its outcomes to the sums of the step."""
        loss = training_loss(outcomes, self._objectives, self._answers, self._shares)
        self._losses.append(loss.detach())
        self._sums.add(outcomes)
        return loss

    def result(self, grad_norm: float, *, read_metrics: bool) -> StepResult:
        """Returns the result of the step. Collective: all ranks call it.

        Args:
            grad_norm: norm of the gradient before clipping.
            read_metrics: whether to read the metrics also of a step that was not skipped.
        """
        usable = is_usable(grad_norm, self._skip_grad_norm)
        metrics: dict[str, float] = {}
        if read_metrics or not usable:
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
    """Reads the next `count` micro-batches of this rank and returns the work of a step. Collective: all ranks call it.

    Args:
        stop: whether this rank was requested to stop.
    """
    started = time.perf_counter()
    micro_batches = [next(batches) for _ in range(count)]
    return StepWork(micro_batches, task, config, waited_s=time.perf_counter() - started, stop=stop)


def _work(micro_batches: list[Batch], model: ModelConfig, task: Task) -> dict[str, float]:
    """Returns the amount of work of this rank. The keys are attributes of `StepResult`."""
    return {
        "tokens": float(sum(map(count_tokens, micro_batches))),
        "positions": float(sum(batch["text_mask"].numel() + batch["labels"].numel() for batch in micro_batches)),
        "flops": sum(count_flops(batch, model, task) for batch in micro_batches),
        "bad": float(sum(len(batch["bad"]) for batch in micro_batches)),
    }


def _answers(micro_batches: list[Batch], task: Task) -> dict[str, float]:
    """Returns the number of labels of each objective on this rank. The keys are `answers <name>`."""
    return {
        f"answers {objective.name}": float(sum(int((b[objective.labels] != IGNORE).sum()) for b in micro_batches))
        for objective in task.objectives
    }


def _pages(micro_batches: list[Batch], name: str) -> list[str]:
    return [page for batch in micro_batches for page in batch[name]]


def _gather(mine: list[str]) -> list[str]:
    return [page for part in distributed.gather(mine) for page in part]


def seed_dropout(seed: int, step: int, micro_batch: int) -> None:
    """Seeds the random generators of torch for one micro-batch of this rank."""
    torch.manual_seed(dropout_seed(seed, step, micro_batch, distributed.rank()))


def dropout_seed(seed: int, step: int, micro_batch: int, rank: int) -> int:
    """Returns the seed for one micro-batch, a number of 63 bits."""
    digest = hashlib.sha256(f"{seed}/{step}/{micro_batch}/{rank}".encode()).digest()
    return int.from_bytes(digest[:8], "little") >> 1


def count_tokens(batch: Batch) -> int:
    """Returns the number of text and target tokens of a batch, without padding."""
    return int(batch["text_mask"].sum() + (batch["labels"] != IGNORE).sum())


def count_flops(batch: Batch, model: ModelConfig, task: Task) -> float:
    """Returns the FLOPs that model and heads need for a batch, forward and backward, without padding."""
    lengths = zip(batch["text_mask"].sum(1).tolist(), (batch["labels"] != IGNORE).sum(1).tolist(), strict=True)
    return float(sum(flops_per_sequence(model, text, target) + task.head_flops(text) for text, target in lengths))
