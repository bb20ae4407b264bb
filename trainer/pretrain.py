"""Pretrain DocFormerv2 on a corpus: `deepspeed trainer/pretrain.py --corpus OUT --model small --output RUN`.

`--help` tells the rest. This file is the run from top to bottom; each step of it is a module beside this one.
"""

from __future__ import annotations

import errno
import logging
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

if __name__ == "__main__":
    # A script's own folder comes first on the path. Here that would hide any package named like a module of trainer/,
    # and would not find `schemas` in a fresh clone.
    sys.path[0] = str(Path(__file__).resolve().parent.parent)

from trainer.startup import needs_extra

with needs_extra("train"):
    import torch

    from schemas import FolioError, Tokenizer, UsageError
    from schemas.duration import duration
    from schemas.interrupts import kept_interrupts
    from trainer import distributed
    from trainer.bad_samples import BadSamples
    from trainer.checkpoint import CheckpointStore, newest_checkpoint, require_same
    from trainer.checkpoint_manifest import Checkpoint
    from trainer.command_line import parse_command_line
    from trainer.config import PretrainConfig
    from trainer.corpora import OpenCorpus, open_corpora
    from trainer.data import PageDataset, TooManyBadSamples, WorkerDied, load_batches
    from trainer.dry_run import dry_run
    from trainer.engine import full_weights, learning_rate, memory_gb, set_learning_rate, start_engine
    from trainer.evaluation import Evaluation
    from trainer.export import export_model
    from trainer.interruption import StopRequest, clear_mark, mark_stopped
    from trainer.load_config import save_config
    from trainer.model import DocFormerV2
    from trainer.plot import plot_runs
    from trainer.profiling import StepProfiler
    from trainer.run_lock import sole_run
    from trainer.run_log import LOG_NAME, RunLog
    from trainer.run_setup import (
        facts,
        fit_to_corpora,
        make_cache,
        make_run_dir,
        pretraining,
        rank_batches,
        require_run_dir,
        sample_order,
    )
    from trainer.sample_order import batch_id, micro_batch_size
    from trainer.settings.run import step_range
    from trainer.shard_files import ShardError
    from trainer.skipped_steps import SkippedSteps
    from trainer.starting_point import starting_scales
    from trainer.task import Task
    from trainer.throughput import Throughput, total_peak_tflops
    from trainer.training_step import StepResult, train_step
    from trainer.upload import require_uploads, start_uploads
    from trainer.wandb_log import WandbLog, require_wandb, start_wandb

logger = logging.getLogger("trainer")

MODEL_DIR = "model"
DONE, FAILED, INTERRUPTED = 0, 1, 130  # 130: what shells report for Ctrl-C
FULL_DISK = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


MakeTask = Callable[[PretrainConfig, Tokenizer], Task]
"""Makes a task from settings whose model fits the corpora, and the corpora's tokenizer."""


def main(argv: Sequence[str] | None = None, task: MakeTask = pretraining) -> int:
    """Runs the command line and returns its exit code. Another `task` is trained by the same loop."""
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
    # All that can be wrong is found before the ranks meet, so that none is left waiting for another.
    if config.wandb_project:
        require_wandb()
    require_run_dir(config.output)
    require_uploads(config.upload_to, Path(config.output))
    corpora, tokenizer = open_corpora(config)
    make_cache(config, corpora)
    config = fit_to_corpora(config, corpora, tokenizer)
    task = make_task(config, tokenizer)
    micro_batch = micro_batch_size(config.global_batch, config.micro_batch, distributed.world_size())
    run_dir = Path(config.output)
    checkpoints = run_dir / "checkpoints"
    common = facts(config, corpora, tokenizer, task)
    if (earlier := newest_checkpoint(checkpoints)) is not None:
        require_same(earlier.facts, common, config.output, but=["ranks"] if config.change_ranks else [])
        require_steps_left(config, earlier.step)
    if config.dry_run:
        dry_run(config, corpora, task, _start(config, task, micro_batch, earlier)[0])
        return DONE
    make_run_dir(config.output)
    with sole_run(run_dir):
        if distributed.rank() == 0:
            clear_mark(run_dir)
        uploads = start_uploads(config.upload_to, run_dir)
        wandb = start_wandb(config, resumed=earlier is not None)
        engine, scales = _start(config, task, micro_batch, earlier)
        store = CheckpointStore(
            checkpoints,
            config.keep_last,
            common,
            lr_scales=scales if config.init_from else None,
            change_ranks=config.change_ranks,
            uploads=uploads,
        )
        checkpoint = store.load(engine)
        run = Run(config, corpora, tokenizer, task, engine, checkpoint.step if checkpoint else 0, wandb, started)
        run.announce()
        with run.log:
            stopped = run.train(lambda: store.save(engine, run.step, run.samples))
        if not stopped:
            run.finish()
        if uploads:
            uploads.finish([] if stopped else [run.dir / MODEL_DIR])
        return FAILED if stopped else DONE


def _start(
    config: PretrainConfig, task: Task, micro_batch: int, earlier: Checkpoint | None
) -> tuple[Any, dict[str, float]]:
    """Lets the ranks meet; returns the engine around the model at its start, and its learning rates' scales."""
    torch.manual_seed(config.seed)
    model = DocFormerV2(config.model, task.heads)
    scales = starting_scales(model, config, earlier)
    return start_engine(model, config, micro_batch, scales), scales


def require_steps_left(config: PretrainConfig, step: int) -> None:
    """Raises `UsageError` where a run is farther than it is asked to go."""
    if step > config.max_steps:
        raise UsageError(
            f"--output {config.output} is at step {step} already, beyond --max_steps {config.max_steps}: "
            f"ask for more than {step}, or take another."
        )


class Run:
    """A run whose ranks have met and whose weights are loaded. Every rank calls every method.

    Attributes:
        step: optimizer steps that the weights have seen.

    Args:
        started: when the hours that the run is given began, by `time.monotonic`.
    """

    def __init__(
        self,
        config: PretrainConfig,
        corpora: list[OpenCorpus],
        tokenizer: Tokenizer,
        task: Task,
        engine: Any,
        step: int,
        wandb: WandbLog | None,
        started: float,
    ) -> None:
        self.config, self.corpora, self.tokenizer, self.task, self.engine = config, corpora, tokenizer, task, engine
        self.step = step
        self.dir = Path(config.output)
        self.stop = StopRequest(config.max_hours, started)
        self.started = started
        self.order = sample_order(config, corpora)
        self.dataset = PageDataset([corpus.train for corpus in corpora], task, config.model, config.seed)
        held_out = PageDataset([corpus.held_out for corpus in corpora], task, config.model, config.seed)
        micro_batch = engine.train_micro_batch_size_per_gpu()
        self.evaluation = Evaluation(held_out, config.val_pages, micro_batch, config.pad_multiple)
        self.throughput = Throughput(total_peak_tflops(engine.device, config))
        first = distributed.rank() == 0
        watched = step_range(config.profile_steps) if first else None
        self.profiler = StepProfiler(watched, self.dir / "profile", self.throughput.paused)
        if first and step < config.max_steps:  # a finished run keeps the settings that it had
            save_config(config, self.dir / "config.yaml")
        record_dir = self.dir if first else None
        self.bad_samples = BadSamples(record_dir, step)
        self.skipped = SkippedSteps(record_dir, config.max_skipped, step)
        self.log = RunLog(
            record_dir,
            max_steps=config.max_steps,
            resume_step=step,
            tensorboard=config.tensorboard,
            wandb=wandb,
        )

    @property
    def samples(self) -> int:
        """Samples consumed: all the state that the data has."""
        return self.step * self.config.global_batch

    def announce(self) -> None:
        """Says what is about to happen."""
        config, ranks = self.config, distributed.world_size()
        taking_part = f"{ranks} {'rank' if ranks == 1 else 'ranks'} on {self.engine.device.type}"
        micro_batch = self.engine.train_micro_batch_size_per_gpu()
        logger.info(
            f"{sum(len(corpus.train) for corpus in self.corpora):,} pages to train on, "
            f"{self.evaluation.pages:,} held out to evaluate on; "
            f"{taking_part}, ZeRO {config.zero_stage}, {config.dtype}; "
            f"a batch of {config.global_batch} is {config.global_batch // ranks // micro_batch} x {micro_batch} a rank"
        )
        if self.step == config.max_steps:
            logger.info(f"{self.dir} is at step {self.step} already: nothing to train; a higher --max_steps goes on")
        elif self.step:
            logger.info(f"resumed after step {self.step} of {config.max_steps}")

    def train(self, save: Callable[[], None]) -> bool:
        """Takes the steps that are left; returns whether something cut them short, after saving."""
        config = self.config
        left = config.max_steps - self.step
        mine = rank_batches(config, self.corpora, self.order, self.dataset, self.engine, self.samples, left)
        batches = load_batches(self.dataset, mine, pad_multiple=config.pad_multiple, workers=config.workers)
        while self.step < config.max_steps:
            self.step += 1
            rate = learning_rate(self.step, config.max_steps, config.optimizer)
            set_learning_rate(self.engine, rate)
            asked, due = self.stop.reason is not None, self._is_due(config.log_every)
            with self.profiler.watching(self.step):
                result = train_step(self.engine, batches, self.task, config, self.step, stop=asked, measured=due)
            self.throughput.add(config.global_batch, result.tokens, result.positions, result.flops, result.data_wait_s)
            self.bad_samples.note(self.step, result.bad)
            self.skipped.note(self.step, result)
            if due:
                self._record(result, rate)
            stop = result.stop
            with self.throughput.paused():
                if self._is_due(config.val_every) and self.evaluation.pages:
                    self.log.validation({"step": self.step, **self.evaluation.run(self.engine)})
                    stop = self._any_asked_to_stop()  # an evaluation takes long enough to be asked meanwhile
                if self._save_is_due() or stop:
                    save()
            if stop and self.step < config.max_steps:
                self._leave_mark()
                return True
        return False

    def finish(self) -> None:
        """Writes the model and the plot, and says where everything is."""
        weights = full_weights(self.engine)
        if distributed.rank() == 0:
            model = DocFormerV2(self.config.model, self.task.heads)
            for name, parameter in model.named_parameters():
                parameter.data.copy_(weights[name])
            export_model(model, self.tokenizer, self.dir / MODEL_DIR)
            plot_runs([self.dir], self.dir / "loss.png", self.task.guess_levels)
        took = duration(time.monotonic() - self.started)
        logger.info(
            f"done: {self.step} steps, {self.samples:,} samples, in {took}\n"
            f"model {self.dir / MODEL_DIR}  losses {self.dir / 'loss.png'}  log {self.dir / LOG_NAME}"
        )

    def _is_due(self, every: int) -> bool:
        return self.step % every == 0 or self.step == self.config.max_steps

    def _save_is_due(self) -> bool:
        # Where steps are being skipped, the weights may be why: to save them would give up better ones.
        return self._is_due(self.config.save_every) and (
            not self.skipped.in_a_row or self._is_due(self.config.max_steps)
        )

    def _record(self, result: StepResult, rate: float) -> None:
        refs = self.order.samples(self.samples - self.config.global_batch, self.samples)
        row = {
            "step": self.step,
            **result.metrics,
            "samples": self.samples,
            "batch_id": batch_id([self.dataset.key(ref) for ref in refs]),
            "bad_samples": self.bad_samples.total,
            "skipped_steps": self.skipped.total,
            "lr": rate,
            "grad_norm": result.grad_norm,
            **self.throughput.rates(),
            "memory_gb": memory_gb(),
        }
        self.log.training(row)

    def _any_asked_to_stop(self) -> bool:
        return distributed.sum_over_ranks({"stop": float(self.stop.reason is not None)})["stop"] > 0

    def _leave_mark(self) -> None:
        reason = next(filter(None, distributed.gather(self.stop.reason)))
        if distributed.rank() == 0:
            mark_stopped(self.dir, self.step, reason)
        logger.info(f"stopped by {reason} after step {self.step}, saved; the same command goes on from there")


if __name__ == "__main__":
    sys.exit(main())
