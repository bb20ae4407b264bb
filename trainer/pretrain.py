"""Pretrain DocFormerv2 on a corpus: `deepspeed trainer/pretrain.py --corpus OUT --model small --output RUN`.

`--help` lists the flags. Read this file from top to bottom: `pretrain` prepares a run, `run` is a whole run, `train` is
the training loop, `train_step` is one optimizer step. Everything around the loop (setup, log, evaluation, checkpoints)
is in `trainer/run`. `finetune.py` uses the same loop.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

if __name__ == "__main__":
    # Python puts the folder of the script first on the import path. Replace it with the root of the repository: modules
    # in trainer/ must not hide packages of the same name, and `schemas` must be found in a fresh clone.
    sys.path[0] = str(Path(__file__).resolve().parent.parent)

from trainer.startup import needs_extra

with needs_extra("train"):
    from trainer.launcher import Launcher

LAUNCHER = Launcher()  # before the other imports, which take seconds: the launcher may end during them

with needs_extra("train"):
    from trainer.data.corpora import open_corpora
    from trainer.engine.start import keep_gradient_norm
    from trainer.engine.step import StepResult, read_step, seed_dropout
    from trainer.model.batch import Batch, to_device
    from trainer.run.command import DONE, FAILED, run_command
    from trainer.run.directory import lock_run_dir, make_run_dir
    from trainer.run.dry_run import dry_run
    from trainer.run.setup import MakeTask, PreparedRun, build_engine, prepare, pretraining
    from trainer.run.training import Training, start_training
    from trainer.settings.pretrain import PretrainConfig
    from trainer.settings.reading.pretrain_command import parse_command_line
    from trainer.settings.training import TrainingConfig
    from trainer.tasks.base import Task


def main(argv: Sequence[str] | None = None, task: MakeTask = pretraining) -> int:
    """Runs the command line and returns its exit code.

    Args:
        task: makes the task to train from the settings. The same loop trains any task.
    """
    return run_command(lambda: pretrain(parse_command_line(argv), task))


def pretrain(config: PretrainConfig, make_task: MakeTask) -> int:
    """Trains on corpora. Returns the exit code. All ranks call it.

    Raises:
        UsageError: the settings do not match the corpus or an earlier start of this run.
        FolioError: training failed.
    """
    started = time.monotonic()
    return run(prepare(config, open_corpora, make_task), LAUNCHER, started)


def run(prepared: PreparedRun, launcher: Launcher, started: float) -> int:
    """Trains from the newest checkpoint, or from the start, to `max_steps` and exports the model. All ranks call it.

    Args:
        launcher: the launcher of this rank. If it ends, the run saves and stops.
        started: start of the command by `time.monotonic`.

    Returns:
        The exit code: 0, or 1 if a signal or `--max_hours` stopped the run.

    Raises:
        FolioError: training failed.
    """
    config = prepared.config
    if config.dry_run:
        dry_run(prepared, build_engine(prepared)[0], train_step)
        return DONE
    make_run_dir(config.output)
    with lock_run_dir(Path(config.output)):
        training = start_training(prepared, launcher, started)
        training.announce()
        with training.log:
            stopped = train(training)
        training.finish(stopped)
    return FAILED if stopped else DONE


def train(training: Training) -> bool:
    """Runs the remaining steps. Returns whether the run was stopped before the last one; it is saved in that case."""
    engine, task, config, batches = training.engine, training.task, training.config, training.batches()
    while training.begin_step():
        stop, log = training.stop_requested(), training.log_is_due()
        with training.profiler.watching(training.step):
            result = train_step(engine, batches, task, config, training.step, stop=stop, read_metrics=log)
        if training.end_step(result):
            return True
    return False


def train_step(
    engine: Any,
    batches: Iterator[Batch],
    task: Task,
    config: TrainingConfig,
    step: int,
    *,
    stop: bool,
    read_metrics: bool,
) -> StepResult:
    """Runs one optimizer step. Collective: all ranks call it.

    The loss of each objective is its mean over the global batch, for any number of ranks and micro-batches. If the
    gradient is not finite, or larger than `skip_grad_norm`, the step changes no weight and no optimizer state.

    Args:
        batches: this rank's micro-batches.
        step: number of the step, from 1. It seeds the dropout.
        stop: whether this rank was requested to stop. The result tells all ranks.
        read_metrics: True: read the metrics, which synchronises with the device. False: only AdamW synchronises, to
            read the gradient norm. The metrics of a skipped step are always read.
    """
    work = read_step(batches, engine.gradient_accumulation_steps(), task, config, stop=stop)
    for number, batch in enumerate(work.micro_batches):
        seed_dropout(config.seed, step, number)
        outcomes = engine(to_device(batch, engine.device))  # forward
        loss = work.loss(outcomes)
        engine.backward(loss)
        keep_gradient_norm(engine)
        engine.step()  # DeepSpeed updates the weights after the last micro-batch
    return work.result(float(engine.get_global_grad_norm()), read_metrics=read_metrics)


if __name__ == "__main__":
    sys.exit(main())
