"""One optimizer step: the micro-batches of every rank, one update, and what is known of it afterwards."""

from __future__ import annotations

import hashlib
import math
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import torch

from schemas import FolioError
from trainer import distributed
from trainer.config import PretrainConfig
from trainer.data import to_device
from trainer.engine import update
from trainer.example import Batch
from trainer.flops import flops_per_sequence
from trainer.metrics import ObjectiveSums, summarize
from trainer.model_config import ModelConfig
from trainer.objectives import IGNORE


@dataclass(frozen=True)
class StepResult:
    """What a step did, the same on every rank.

    Attributes:
        metrics: loss, loss_*, acc_* of this step's global batch.
        grad_norm: before clipping.
        tokens: text and target tokens, padding excluded.
        flops: that the model needed for them, forward and backward.
        data_wait_s: mean over the ranks.
        stop: whether any rank was asked to stop.
    """

    metrics: dict[str, float]
    grad_norm: float
    tokens: float
    flops: float
    data_wait_s: float
    stop: bool


def train_step(engine: Any, batches: Iterator[Batch], config: PretrainConfig, step: int, stop: bool) -> StepResult:
    """Takes step `step` (from 1). Collective: all ranks call it.

    Raises:
        FolioError: the loss or the gradient is not finite.
    """
    sums = ObjectiveSums(by_element=False)
    work = {"tokens": 0.0, "flops": 0.0, "data_wait_s": 0.0, "stop": float(stop)}
    losses: list[tuple[torch.Tensor, list[str]]] = []
    grad_norm = None
    while grad_norm is None:
        started = time.perf_counter()
        batch = next(batches)
        work["data_wait_s"] += time.perf_counter() - started
        work["tokens"] += count_tokens(batch)
        work["flops"] += count_flops(batch, config.model)
        torch.manual_seed(dropout_seed(config.seed, step, len(losses), distributed.rank()))
        outputs = engine(to_device(batch, engine.device))
        loss = config.objectives.total(outputs)
        losses.append((loss.detach(), batch["keys"]))
        sums.add(outputs)
        grad_norm = update(engine, loss)
    totals = distributed.sum_over_ranks({**sums.local(), **work})
    metrics = summarize(totals, config.objectives)
    if not math.isfinite(metrics["loss"]) or not math.isfinite(grad_norm):
        raise FolioError(_not_finite(step, metrics["loss"], grad_norm, losses))
    wait_s = totals["data_wait_s"] / distributed.world_size()
    return StepResult(metrics, grad_norm, totals["tokens"], totals["flops"], wait_s, totals["stop"] > 0)


def dropout_seed(seed: int, step: int, micro_batch: int, rank: int) -> int:
    """Returns the seed of torch's generators for one micro-batch: 63 bits."""
    digest = hashlib.sha256(f"{seed}/{step}/{micro_batch}/{rank}".encode()).digest()
    return int.from_bytes(digest[:8], "little") >> 1


def count_tokens(batch: Batch) -> int:
    """Returns the text and target tokens of a batch, padding excluded."""
    return int(batch["text_mask"].sum() + (batch["labels"] != IGNORE).sum())


def count_flops(batch: Batch, model: ModelConfig) -> float:
    """Returns the FLOPs that a model needs for a batch, forward and backward, padding excluded."""
    lengths = zip(batch["text_mask"].sum(1).tolist(), (batch["labels"] != IGNORE).sum(1).tolist(), strict=True)
    return float(sum(flops_per_sequence(model, text, target) for text, target in lengths))


def _not_finite(step: int, loss: float, grad_norm: float, losses: list[tuple[torch.Tensor, list[str]]]) -> str:
    mine = [key for value, keys in losses if not torch.isfinite(value) for key in keys]
    keys = [key for part in distributed.gather(mine) for key in part]
    where = f"; pages of its micro-batches: {', '.join(keys)}" if keys else ""
    return (
        f"step {step}: loss {loss}, gradient norm {grad_norm}{where}. Nothing was saved after the last checkpoint: "
        "start again with a lower optimizer.learning_rate, or with dtype=fp32."
    )
