"""`--dry_run`: estimates what a run needs, from a few steps on real pages. Writes nothing."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from functools import partial
from typing import Any

from schemas.support.duration import duration
from trainer import distributed
from trainer.data.batches import sample_order, training_batches
from trainer.data.loader import PageDataset
from trainer.engine.schedule import set_learning_rate
from trainer.engine.start import memory_gb
from trainer.engine.step import StepResult
from trainer.run.records.throughput import Throughput, total_peak_tflops
from trainer.run.setup import PreparedRun
from trainer.settings.training import TrainingConfig

logger = logging.getLogger("trainer")

# Number of timed steps. A first step is not timed: it allocates, compiles and waits for the workers to start.
MIN_STEPS, MAX_STEPS = 2, 20
ENOUGH_S = 10.0  # no further step is timed after this time

TakeStep = Callable[..., StepResult]
"""The type of `trainer.pretrain.train_step`."""


def dry_run(prepared: PreparedRun, engine: Any, take_step: TakeStep) -> None:
    """Runs a few steps with learning rate 0 and logs an estimate of the whole run. Collective: all ranks call it.

    Args:
        engine: DeepSpeed's engine around the model.
        take_step: `trainer.pretrain.train_step`.
    """
    config, corpora, task = prepared.config, prepared.corpora, prepared.task
    order = sample_order(config, corpora)
    dataset = PageDataset([corpus.train for corpus in corpora], task, config.model, config.seed)
    batches = training_batches(config, corpora, order, dataset, prepared.micro_batch, consumed=0, steps=1 + MAX_STEPS)
    set_learning_rate(engine, 0.0)
    timed, rates = _time_steps(partial(take_step, engine, batches, task, config), engine, config)
    pages = sum(len(corpus.train) for corpus in corpora)
    memory = max(distributed.gather(memory_gb()))
    logger.info(f"dry run: timed {timed} steps after a first one; nothing was written")
    logger.info(estimate(config, pages, count_parameters(engine.module), memory, rates))


def _time_steps(step: TakeStep, engine: Any, config: TrainingConfig) -> tuple[int, dict[str, float]]:
    """Returns the number of timed steps, which is the same on every rank, and their rates."""
    throughput = Throughput(total_peak_tflops(engine.device, config))
    step(1, stop=False, read_metrics=True)
    throughput.restart()
    started = time.perf_counter()
    for timed in range(1, MAX_STEPS + 1):
        result = step(1 + timed, stop=False, read_metrics=True)
        throughput.add(config.global_batch, result.tokens, result.positions, result.flops, result.data_wait_s)
        if timed >= MIN_STEPS and min(distributed.gather(time.perf_counter() - started)) > ENOUGH_S:
            break
    return timed, throughput.rates()


def count_parameters(module: Any) -> int:
    """Returns the number of parameters of a model, also if ZeRO 3 has partitioned them."""
    return sum(getattr(parameter, "ds_numel", parameter.numel()) for parameter in module.parameters())


def estimate(config: TrainingConfig, pages: int, parameters: int, memory: float, rates: dict[str, float]) -> str:
    """Returns the needs of a run as text, one subject per line.

    Args:
        pages: number of pages to train on.
        parameters: number of parameters of the model.
        memory: peak memory of the rank that needs most, in 1e9 bytes.
        rates: see `Throughput.rates`.
    """
    per_s, total_pages = rates["pages_per_s"], config.max_steps * config.global_batch
    mfu = f"mfu {rates['mfu']:.1%}, " if "mfu" in rates else ""
    return "\n".join(
        [
            f"model      {parameters / 1e6:,.1f}M parameters, {memory:.2f} GB on the rank that needs most",
            f"page       {1e3 * rates['tflops'] / per_s:,.3g} GFLOP, {rates['tokens_per_s'] / per_s:,.0f} tokens; "
            f"padding {rates['padding']:.1%} of all positions",
            f"speed      {per_s:.2f} pages/s, {rates['step_s']:.2f} s per step, {rates['tflops']:.3g} TFLOP/s, "
            f"{mfu}data {rates['data_wait']:.0%}",
            f"one epoch  {duration(pages / per_s)} for {pages:,} pages",
            f"whole run  {duration(total_pages / per_s)} for {config.max_steps:,} steps, {total_pages:,} pages; "
            "evaluations and checkpoints are not included",
        ]
    )
