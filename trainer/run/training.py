"""A run around its training loop: what comes before and after each step, and at the end."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from schemas.support.duration import duration
from trainer import distributed
from trainer.checkpoints.store import CheckpointStore
from trainer.checkpoints.upload import Uploads, start_uploads
from trainer.data.batches import sample_order, training_batches
from trainer.data.loader import PageDataset
from trainer.data.sample_order import batch_id
from trainer.engine.schedule import learning_rate, set_learning_rate
from trainer.engine.start import full_weights, memory_gb
from trainer.engine.step import StepResult
from trainer.model.batch import Batch
from trainer.model.docformer import DocFormerV2
from trainer.model.export import export_model
from trainer.run.curves import plot_runs
from trainer.run.held_out import Evaluation
from trainer.run.incidents import BadSamples, SkippedSteps
from trainer.run.log import LOG_NAME, RunLog
from trainer.run.profiling import StepProfiler
from trainer.run.setup import CHECKPOINTS_DIR, PreparedRun, build_engine
from trainer.run.stop import StopRequest, clear_mark, mark_stopped
from trainer.run.throughput import Throughput, total_peak_tflops
from trainer.run.wandb_log import WandbLog, start_wandb
from trainer.settings.loading import save_config
from trainer.settings.run import step_range

logger = logging.getLogger("trainer")

MODEL_DIR = "model"


class Training:
    """A run whose ranks have met and whose weights are loaded. Every rank calls every method.

    Attributes:
        step: optimizer steps taken; during a step, its own number.

    Args:
        step: optimizer steps that the weights have seen.
        started: when the hours that the run is given began, by `time.monotonic`.
    """

    def __init__(
        self,
        prepared: PreparedRun,
        engine: Any,
        store: CheckpointStore,
        step: int,
        *,
        started: float,
        uploads: Uploads | None,
        wandb: WandbLog | None,
    ) -> None:
        config, corpora, task = prepared.config, prepared.corpora, prepared.task
        self.config, self.task, self.engine, self.step = config, task, engine, step
        self.dir = Path(config.output)
        self._prepared, self._store, self._uploads, self._started = prepared, store, uploads, started
        self._stop = StopRequest(config.max_hours, started)
        self._order = sample_order(config, corpora)
        self._dataset = PageDataset([corpus.train for corpus in corpora], task, config.model, config.seed)
        held_out = PageDataset([corpus.held_out for corpus in corpora], task, config.model, config.seed)
        self._evaluation = Evaluation(held_out, config.val_pages, prepared.micro_batch, config.pad_multiple)
        self._throughput = Throughput(total_peak_tflops(engine.device, config))
        first = distributed.rank() == 0
        watched = step_range(config.profile_steps) if first else None
        self.profiler = StepProfiler(watched, self.dir / "profile", self._throughput.paused)
        if first and step < config.max_steps:  # a finished run keeps the settings that it had
            save_config(config, self.dir / "config.yaml")
        record_dir = self.dir if first else None
        self._bad_samples = BadSamples(record_dir, step)
        self._skipped = SkippedSteps(record_dir, config.max_skipped, step)
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
        config, ranks, micro_batch = self.config, distributed.world_size(), self._prepared.micro_batch
        taking_part = f"{ranks} {'rank' if ranks == 1 else 'ranks'} on {self.engine.device.type}"
        logger.info(
            f"{sum(len(corpus.train) for corpus in self._prepared.corpora):,} pages to train on, "
            f"{self._evaluation.pages:,} held out to evaluate on; "
            f"{taking_part}, ZeRO {config.zero_stage}, {config.dtype}; "
            f"a batch of {config.global_batch} is {config.global_batch // ranks // micro_batch} x {micro_batch} a rank"
        )
        if self.step == config.max_steps:
            logger.info(f"{self.dir} is at step {self.step} already: nothing to train; a higher --max_steps goes on")
        elif self.step:
            logger.info(f"resumed after step {self.step} of {config.max_steps}")

    def batches(self) -> Iterator[Batch]:
        """Yields this rank's micro-batches of all steps that are left."""
        return training_batches(
            self.config,
            self._prepared.corpora,
            self._order,
            self._dataset,
            self._prepared.micro_batch,
            consumed=self.samples,
            steps=self.config.max_steps - self.step,
        )

    def begin_step(self) -> bool:
        """Counts a step and sets its learning rate; returns False where no step is left."""
        if self.step == self.config.max_steps:
            return False
        self.step += 1
        set_learning_rate(self.engine, self._rate)
        return True

    def stop_is_asked(self) -> bool:
        """Returns whether this rank has been asked to stop."""
        return self._stop.reason is not None

    def log_is_due(self) -> bool:
        """Returns whether this step gets a row in the log."""
        return self._is_due(self.config.log_every)

    def end_step(self, result: StepResult) -> bool:
        """Records a step, and evaluates and saves where it is due; returns whether the run must stop here.

        Raises:
            FolioError: too many steps in a row were skipped, or a checkpoint cannot be written.
        """
        pages, waited_s = self.config.global_batch, result.data_wait_s
        self._throughput.add(pages, result.tokens, result.positions, result.flops, waited_s)
        self._bad_samples.note(self.step, result.bad)
        self._skipped.note(self.step, result)
        if self.log_is_due():
            self._record(result)
        stop = result.stop
        with self._throughput.paused():
            if self._is_due(self.config.val_every) and self._evaluation.pages:
                self.log.validation({"step": self.step, **self._evaluation.run(self.engine)})
                stop = self._any_asked_to_stop()  # an evaluation takes long enough to be asked meanwhile
            if self._save_is_due() or stop:
                self._store.save(self.engine, self.step, self.samples)
        if not stop or self.step == self.config.max_steps:
            return False
        self._leave_mark()
        return True

    def finish(self, stopped: bool) -> None:
        """Exports the model and draws the plot, unless the run was stopped; waits for uploads in any case."""
        if not stopped:
            self._export()
            took = duration(time.monotonic() - self._started)
            logger.info(
                f"done: {self.step} steps, {self.samples:,} samples, in {took}\n"
                f"model {self.dir / MODEL_DIR}  losses {self.dir / 'loss.png'}  log {self.dir / LOG_NAME}"
            )
        if self._uploads:
            self._uploads.finish([] if stopped else [self.dir / MODEL_DIR])

    @property
    def _rate(self) -> float:
        return learning_rate(self.step, self.config.max_steps, self.config.optimizer)

    def _is_due(self, every: int) -> bool:
        return self.step % every == 0 or self.step == self.config.max_steps

    def _save_is_due(self) -> bool:
        # Where steps are being skipped, the weights may be why: to save them would give up better ones.
        return self._is_due(self.config.save_every) and (
            not self._skipped.in_a_row or self._is_due(self.config.max_steps)
        )

    def _record(self, result: StepResult) -> None:
        refs = self._order.samples(self.samples - self.config.global_batch, self.samples)
        row = {
            "step": self.step,
            **result.metrics,
            "samples": self.samples,
            "batch_id": batch_id([self._dataset.key(ref) for ref in refs]),
            "bad_samples": self._bad_samples.total,
            "skipped_steps": self._skipped.total,
            "lr": self._rate,
            "grad_norm": result.grad_norm,
            **self._throughput.rates(),
            "memory_gb": memory_gb(),
        }
        self.log.training(row)

    def _any_asked_to_stop(self) -> bool:
        return distributed.sum_over_ranks({"stop": float(self.stop_is_asked())})["stop"] > 0

    def _leave_mark(self) -> None:
        reason = next(filter(None, distributed.gather(self._stop.reason)))
        if distributed.rank() == 0:
            mark_stopped(self.dir, self.step, reason)
        logger.info(f"stopped by {reason} after step {self.step}, saved; the same command goes on from there")

    def _export(self) -> None:
        weights = full_weights(self.engine)
        if distributed.rank() == 0:
            model = DocFormerV2(self.config.model, self.task.heads)
            for name, parameter in model.named_parameters():
                parameter.data.copy_(weights[name])
            export_model(model, self._prepared.tokenizer, self.dir / MODEL_DIR)
            plot_runs([self.dir], self.dir / "loss.png", self.task.guess_levels)


def start_training(prepared: PreparedRun, started: float) -> Training:
    """Lets the ranks meet and loads the newest sound checkpoint, if there is one.

    Args:
        started: see `Training`.

    Raises:
        FolioError: there are checkpoints, but none that can be loaded; or Weights & Biases does not take the run.
    """
    config, run_dir = prepared.config, Path(prepared.config.output)
    if distributed.rank() == 0:
        clear_mark(run_dir)
    uploads = start_uploads(config.upload_to, run_dir)
    wandb = start_wandb(config, resumed=prepared.earlier is not None)
    engine, scales = build_engine(prepared)
    store = CheckpointStore(
        run_dir / CHECKPOINTS_DIR,
        config.keep_last,
        prepared.facts,
        lr_scales=scales if config.init_from else None,
        change_ranks=config.change_ranks,
        uploads=uploads,
    )
    checkpoint = store.load(engine)
    step = checkpoint.step if checkpoint else 0
    return Training(prepared, engine, store, step, started=started, uploads=uploads, wandb=wandb)
