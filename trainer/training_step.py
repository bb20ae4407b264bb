"""One optimizer step: the micro-batches of every rank, one update, and what is known of it afterwards."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import torch

from trainer import distributed
from trainer.batch import IGNORE, Batch, to_device
from trainer.engine import update
from trainer.flops import flops_per_sequence
from trainer.guarded_adamw import is_usable
from trainer.metrics import ObjectiveSums, summarize, training_loss
from trainer.model_config import ModelConfig
from trainer.settings.training import TrainingConfig
from trainer.task import Task


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
        metrics: loss, loss_*, acc_* of this step's global batch; empty where nobody asked for them.
        grad_norm: before clipping.
        tokens: text and target tokens, padding excluded.
        positions: padding included.
        flops: that the model needed for them, forward and backward.
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


def train_step(
    engine: Any, batches: Iterator[Batch], task: Task, config: TrainingConfig, step: int, *, stop: bool, measured: bool
) -> StepResult:
    """Takes step `step` (from 1). Collective: all ranks call it.

    Each objective's loss is its mean over the whole global batch, whatever ranks and micro-batches that is cut into.
    Where the gradient is not usable, nothing changes; a loss that is not finite has a gradient that is not.

    Args:
        stop: whether this rank was asked to stop.
        measured: whether to read the metrics, for which the device is waited for. Else AdamW waits for the gradient's
            norm and nobody for AdamW; those of a step that is skipped are read in any case.
    """
    started = time.perf_counter()
    micro_batches = [next(batches) for _ in range(engine.gradient_accumulation_steps())]
    waited_s = time.perf_counter() - started
    mine = {**_work(micro_batches, config.model, task), "wait_s": waited_s, "stop": float(stop)}
    work = distributed.sum_over_ranks({**mine, **_answers(micro_batches, task)})
    answers = {objective.name: work[f"answers {objective.name}"] for objective in task.objectives}
    shares = distributed.world_size() * len(micro_batches)  # DeepSpeed takes the mean of so many gradients
    sums = ObjectiveSums(task.objectives)
    losses: list[torch.Tensor] = []
    for number, batch in enumerate(micro_batches):
        torch.manual_seed(dropout_seed(config.seed, step, number, distributed.rank()))
        outcomes = engine(to_device(batch, engine.device))
        total = training_loss(outcomes, task.objectives, answers, shares)
        losses.append(total.detach())
        sums.add(outcomes)
        grad_norm = update(engine, total)
    assert grad_norm is not None, "the last micro-batch ends a step"
    usable = is_usable(grad_norm, config.skip_grad_norm)
    measured = measured or not usable
    return StepResult(
        metrics=summarize(distributed.sum_over_ranks(sums.local()), task.objectives) if measured else {},
        grad_norm=grad_norm,
        tokens=work["tokens"],
        positions=work["positions"],
        flops=work["flops"],
        data_wait_s=work["wait_s"] / distributed.world_size(),
        stop=work["stop"] > 0,
        bad=_gather(_pages(micro_batches, "bad")) if work["bad"] else [],
        skipped=None if usable else _skipped(micro_batches, losses),
    )


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


def _skipped(micro_batches: list[Batch], losses: list[torch.Tensor]) -> SkippedBatch:
    suspects = [batch for batch, loss in zip(micro_batches, losses, strict=True) if not torch.isfinite(loss)]
    return SkippedBatch(keys=_gather(_pages(micro_batches, "keys")), suspects=_gather(_pages(suspects, "keys")))


def _pages(micro_batches: list[Batch], name: str) -> list[str]:
    return [page for batch in micro_batches for page in batch[name]]


def _gather(mine: list[str]) -> list[str]:
    return [page for part in distributed.gather(mine) for page in part]


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
