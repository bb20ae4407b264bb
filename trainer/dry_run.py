"""`--dry_run`: what a run will need, from a few steps on real pages that leave nothing behind."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

from schemas import Tokenizer
from schemas.duration import duration
from trainer import distributed
from trainer.config import PretrainConfig
from trainer.corpora import OpenCorpus
from trainer.data import PageDataset, load_batches
from trainer.engine import memory_gb, set_learning_rate
from trainer.run_setup import rank_batches, sample_order
from trainer.throughput import Throughput, total_peak_tflops
from trainer.training_step import train_step

logger = logging.getLogger("trainer")

TIMED_STEPS = 2  # after a first one, which allocates, compiles and waits for the workers to start


def dry_run(config: PretrainConfig, corpora: Sequence[OpenCorpus], tokenizer: Tokenizer, engine: Any) -> None:
    """Takes steps that change nothing and logs what they say of the whole run. Collective: all ranks call it."""
    order = sample_order(config, corpora)
    dataset = PageDataset([corpus.train for corpus in corpora], tokenizer, config)
    steps = 1 + TIMED_STEPS
    batches = load_batches(dataset, rank_batches(config, corpora, order, dataset, engine, 0, steps), config.workers)
    set_learning_rate(engine, 0.0)
    throughput = Throughput(total_peak_tflops(engine.device, config))
    for step in range(1, steps + 1):
        result = train_step(engine, batches, config, step, stop=False, measured=step in (1, steps))
        if step == 1:
            throughput.restart()
        else:
            throughput.add(config.global_batch, result.tokens, result.positions, result.flops, result.data_wait_s)
    pages = sum(len(corpus.train) for corpus in corpora)
    memory = max(distributed.gather(memory_gb()))
    logger.info(estimate(config, pages, count_parameters(engine.module), memory, throughput.rates()))


def count_parameters(module: Any) -> int:
    """Returns the parameters of a model, also where ZeRO 3 has taken them apart."""
    return sum(getattr(parameter, "ds_numel", parameter.numel()) for parameter in module.parameters())


def estimate(config: PretrainConfig, pages: int, parameters: int, memory: float, rates: dict[str, float]) -> str:
    """Returns what a run will need, as text.

    Args:
        pages: to train on.
        memory: of the rank that needs most, in 1e9 bytes.
        rates: of `Throughput`.
    """
    per_s, wanted = rates["pages_per_s"], config.max_steps * config.global_batch
    return "\n".join(
        [
            f"dry run: {TIMED_STEPS} steps were timed after a first one; nothing was written",
            f"model      {parameters / 1e6:,.1f}M parameters, {memory:.2f} GB on the rank that needs most",
            f"page       {1e3 * rates['tflops'] / per_s:,.3g} GFLOP, {rates['tokens_per_s'] / per_s:,.0f} tokens; "
            f"padding {rates['padding']:.1%} of all",
            f"speed      {per_s:.2f} pages/s, {rates['step_s']:.2f} s a step, {rates['tflops']:.3g} TFLOP/s, "
            f"mfu {rates['mfu']:.1%}, data {rates['data_wait']:.0%}",
            f"one epoch  {duration(pages / per_s)} for {pages:,} pages",
            f"whole run  {duration(wanted / per_s)} for {config.max_steps:,} steps, {wanted:,} pages; "
            "evaluations and checkpoints come on top",
        ]
    )
