"""Pretrain DocFormerv2 on a corpus: `deepspeed trainer/pretrain.py --corpus OUT --model small --output RUN`.

`--help` tells the rest. This file has the run from top to bottom and the training loop; what surrounds the loop is in
`trainer/run`.
"""

from __future__ import annotations

import errno
import logging
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

if __name__ == "__main__":
    # A script's own folder comes first on the path. Here that would hide any package named like a module of trainer/,
    # and would not find `schemas` in a fresh clone.
    sys.path[0] = str(Path(__file__).resolve().parent.parent)

from trainer.startup import needs_extra

with needs_extra("train"):
    from schemas import FolioError
    from schemas.support.interrupts import kept_interrupts
    from trainer import distributed
    from trainer.data.loader import TooManyBadSamples, WorkerDied
    from trainer.data.shard_files import ShardError
    from trainer.engine.start import keep_gradient_norm
    from trainer.engine.step import StepResult, read_step, seed_dropout
    from trainer.model.batch import Batch, to_device
    from trainer.run.directory import make_run_dir, sole_run
    from trainer.run.dry_run import dry_run
    from trainer.run.setup import MakeTask, build_engine, prepare, pretraining
    from trainer.run.training import Training, start_training
    from trainer.settings.command_line import parse_command_line
    from trainer.settings.pretrain import PretrainConfig
    from trainer.settings.training import TrainingConfig
    from trainer.tasks.base import Task

logger = logging.getLogger("trainer")

DONE, FAILED, INTERRUPTED = 0, 1, 130  # 130: what shells report for Ctrl-C
FULL_DISK = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def main(argv: Sequence[str] | None = None, task: MakeTask = pretraining) -> int:
    """Runs the command line and returns its exit code.

    Args:
        task: what is trained, made from the settings; another task is trained by the same loop.
    """
    first = distributed.rank() == 0
    logging.basicConfig(stream=sys.stderr, level=logging.INFO if first else logging.ERROR, format="%(message)s")
    logging.getLogger("gcsfs").setLevel(logging.CRITICAL)  # it logs, with a traceback, what it raises as well
    try:
        with kept_interrupts():
            return pretrain(parse_command_line(argv), task)
    except FolioError as error:
        # All ranks meet the same errors and one reports them, but a sample is read by one rank alone.
        if first or isinstance(error, (ShardError, TooManyBadSamples, WorkerDied)):
            logger.error(f"error: {error}")
        return error.exit_code
    except OSError as error:
        if error.errno not in FULL_DISK:
            raise
        logger.error(
            f"error: {error.filename or 'a file of the run'} cannot be written: {error.strerror}. Make room; the same "
            "command then goes on from the last checkpoint."
        )
        return FAILED
    except KeyboardInterrupt:
        logger.error("stopped; the same command goes on from the last checkpoint")
        return INTERRUPTED


def pretrain(config: PretrainConfig, make_task: MakeTask) -> int:
    """Trains from where the run stands to `max_steps` and exports the model. Every rank calls it.

    Returns:
        The exit code: 0, or 1 where a signal or the hours given stopped the run.

    Raises:
        UsageError: settings, corpus and what the run has done do not fit together.
        FolioError: training failed.
    """
    started = time.monotonic()
    prepared = prepare(config, make_task)
    if config.dry_run:
        dry_run(prepared, build_engine(prepared)[0], train_step)
        return DONE
    make_run_dir(config.output)
    with sole_run(Path(config.output)):
        training = start_training(prepared, started)
        training.announce()
        with training.log:
            stopped = train(training)
        training.finish(stopped)
    return FAILED if stopped else DONE


def train(training: Training) -> bool:
    """Takes the steps that are left; returns whether the run was stopped before the last one. It is saved then."""
    engine, task, config, batches = training.engine, training.task, training.config, training.batches()
    while training.begin_step():
        asked, measured = training.stop_is_asked(), training.log_is_due()
        with training.profiler.watching(training.step):
            result = train_step(engine, batches, task, config, training.step, stop=asked, measured=measured)
        if training.end_step(result):
            return True
    return False


def train_step(
    engine: Any, batches: Iterator[Batch], task: Task, config: TrainingConfig, step: int, *, stop: bool, measured: bool
) -> StepResult:
    """Takes step `step` (from 1). Collective: all ranks call it.

    Each objective's loss is its mean over the whole global batch, however that is cut into ranks and micro-batches.
    Where the gradient is not usable, nothing changes; a loss that is not finite has a gradient that is not.

    Args:
        stop: whether this rank was asked to stop.
        measured: True: read the metrics, for which the device is waited for. False: only AdamW waits, for the norm of
            the gradient; the metrics of a skipped step are read in any case.
    """
    work = read_step(batches, engine.gradient_accumulation_steps(), task, config, stop=stop)
    for number, batch in enumerate(work.micro_batches):
        seed_dropout(config.seed, step, number)
        outcomes = engine(to_device(batch, engine.device))  # forward
        loss = work.loss(outcomes)
        engine.backward(loss)
        keep_gradient_norm(engine)
        engine.step()  # DeepSpeed updates the weights after the last micro-batch
    return work.result(float(engine.get_global_grad_norm()), measured=measured)


if __name__ == "__main__":
    sys.exit(main())
