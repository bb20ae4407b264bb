"""The work of a run before and after each step, and at the end."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from schemas.support.duration import duration
from trainer import distributed
from trainer.checkpoints.store import CHECKPOINTS_DIR, CheckpointStore
from trainer.checkpoints.upload import Uploads, start_uploads
from trainer.data.batches import sample_order, training_batches
from trainer.data.loader import PageDataset
from trainer.data.sample_order import batch_id
from trainer.engine.schedule import learning_rate, set_learning_rate
from trainer.engine.start import full_weights, memory_gb
from trainer.engine.step import StepResult
from trainer.launcher import Launcher
from trainer.model.batch import Batch
from trainer.model.docformer import DocFormerV2
from trainer.model.export import MODEL_DIR, export_model
from trainer.run.finetuning.scoring import make_scoring
from trainer.run.held_out import Evaluation
from trainer.run.records.curves import plot_runs
from trainer.run.records.history import record_settings
from trainer.run.records.incidents import BadSamples, SkippedSteps
from trainer.run.records.log import LOG_NAME, RunLog
from trainer.run.records.profiling import StepProfiler
from trainer.run.records.throughput import Throughput, total_peak_tflops
from trainer.run.records.wandb_log import WandbLog, start_wandb
from trainer.run.setup import PreparedRun, build_engine
from trainer.run.stop import StopRequest, clear_mark, mark_stopped
from trainer.settings.run import step_range

logger = logging.getLogger("trainer")


class Training:
    """A run whose ranks are connected and whose weights are loaded. All ranks call all methods.

    Attributes:
        config: the settings.
        task: the task to train.
        engine: DeepSpeed's engine around the model.
        step: optimizer steps so far; during a step, its number.
        dir: directory of the run.
        profiler: profiles the steps of `--profile_steps`.
        log: the log of the run.

    Args:
        prepared: the checked run.
        engine: DeepSpeed's engine around the model, with the weights after `step` steps.
        store: the checkpoints.
        step: optimizer steps so far.
        launcher: the launcher of this rank. If it ends, the run saves and stops.
        started: start of the run by `time.monotonic`. `--max_hours` counts from there.
        uploads: copies checkpoints and model to remote storage; None: no copies.
        wandb: also gets the rows of the log; None: no W&B.
    """

    def __init__(
        self,
        prepared: PreparedRun,
        engine: Any,
        store: CheckpointStore,
        step: int,
        *,
        launcher: Launcher,
        started: float,
        uploads: Uploads | None,
        wandb: WandbLog | None,
    ) -> None:
        config, corpora, task = prepared.config, prepared.corpora, prepared.task
        self.config, self.task, self.engine, self.step = config, task, engine, step
        self.dir = Path(config.output)
        self._prepared, self._store, self._uploads, self._started = prepared, store, uploads, started
        self._stop = StopRequest(launcher, config.max_hours, started)
        self._order = sample_order(config, corpora)
        self._dataset = PageDataset([corpus.train for corpus in corpora], task, config.model, config.seed)
        held_out = PageDataset([corpus.held_out for corpus in corpora], task, config.model, config.seed)
        self._evaluation = Evaluation(held_out, config.val_pages, prepared.micro_batch, config.pad_multiple)
        self._scoring = make_scoring(prepared)
        self._unit = "items" if self._scoring else "pages"
        self._throughput = Throughput(total_peak_tflops(engine.device, config))
        first = distributed.rank() == 0
        profiled = step_range(config.profile_steps) if first else None
        self.profiler = StepProfiler(profiled, self.dir / "profile", self._throughput.paused)
        self._changes: list[str] = []
        if first and step < config.max_steps:  # a finished run keeps its settings
            self._changes = record_settings(config, self.dir, step)
        record_dir = self.dir if first else None
        self._bad_samples = BadSamples(record_dir, step)
        self._skipped = SkippedSteps(record_dir, config.max_skipped, step)
        self.log = RunLog(
            record_dir,
            max_steps=config.max_steps,
            resume_step=step,
            tensorboard=config.tensorboard,
            wandb=wandb,
            unit=self._unit,
        )

    @property
    def samples(self) -> int:
        """Samples consumed so far. This is the whole state of the data loader."""
        return self.step * self.config.global_batch

    def announce(self) -> None:
        """Logs pages, ranks and batch, where the run is resumed, and which settings have changed since then."""
        config, ranks, micro_batch = self.config, distributed.world_size(), self._prepared.micro_batch
        ranks_text = f"{ranks} {'rank' if ranks == 1 else 'ranks'} on {self.engine.device.type}"
        logger.info(
            f"{sum(len(corpus.train) for corpus in self._prepared.corpora):,} {self._unit} to train on, "
            f"{self._evaluation.pages:,} held out to evaluate on; "
            f"{ranks_text}, ZeRO {config.zero_stage}, {config.dtype}; "
            f"a batch of {config.global_batch} is {config.global_batch // ranks // micro_batch} x {micro_batch} a rank"
        )
        if self.step == config.max_steps:
            logger.info(f"{self.dir} is already at step {self.step}: nothing to train; raise --max_steps to continue")
        elif self.step:
            logger.info(f"resumed after step {self.step} of {config.max_steps}")
        for line in self._changes:
            logger.info(f"changed: {line}")
        warmup = config.optimizer.warmup(config.max_steps)
        if warmup >= config.max_steps:
            logger.warning(
                f"warning: optimizer.warmup_steps {warmup} is not below --max_steps {config.max_steps}: the learning "
                "rate only rises. Omit optimizer.warmup_steps for a warm-up of a tenth of the run."
            )

    def batches(self) -> Iterator[Batch]:
        """Yields this rank's micro-batches of all remaining steps."""
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
        """Starts the next step: increments `step` and sets the learning rate. Returns False if no step is left."""
        if self.step == self.config.max_steps:
            return False
        self.step += 1
        set_learning_rate(self.engine, self._rate)
        return True

    def stop_requested(self) -> bool:
        """Returns whether this rank was requested to stop."""
        return self._stop.reason is not None

    def log_is_due(self) -> bool:
        """Returns whether the current step gets a row in the log."""
        return self._is_due(self.config.log_every)

    def end_step(self, result: StepResult) -> bool:
        """Records the step, then evaluates and saves if due.

        Returns:
            Whether the run must stop now. It has been saved in that case.

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
                scores = self._scoring.run(self.engine, self.step) if self._scoring else {}
                self.log.validation({"step": self.step, **self._evaluation.run(self.engine), **scores})
                stop = self._stop_requested_on_any_rank()  # a request may arrive during the long evaluation
            if self._save_is_due() or stop:
                self._store.save(self.engine, self.step, self.samples)
        if not stop or self.step == self.config.max_steps:
            return False
        self._leave_mark()
        return True

    def finish(self, stopped: bool) -> None:
        """Exports the model and draws the plot, unless the run was stopped. Always waits for the uploads.

        Args:
            stopped: whether the run was stopped before its last step.
        """
        if not stopped:
            if self._scoring is None:
                self._export()
            if distributed.rank() == 0:
                plot_runs([self.dir], self.dir / "loss.png", self.task.guess_levels)
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
        # Steps may be skipped because the weights are bad. Saving these weights could replace better ones.
        return self._is_due(self.config.save_every) and (
            not self._skipped.in_a_row or self.step == self.config.max_steps
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

    def _stop_requested_on_any_rank(self) -> bool:
        return distributed.sum_over_ranks({"stop": float(self.stop_requested())})["stop"] > 0

    def _leave_mark(self) -> None:
        reason = next(filter(None, distributed.gather(self._stop.reason)))
        if distributed.rank() == 0:
            mark_stopped(self.dir, self.step, reason)
        logger.info(f"stopped by {reason} after step {self.step}, saved; run the same command again to resume")

    def _export(self) -> None:
        weights = full_weights(self.engine)
        if distributed.rank() == 0:
            model = DocFormerV2(self.config.model, self.task.make_heads)
            for name, parameter in model.named_parameters():
                parameter.data.copy_(weights[name])
            export_model(model, self._prepared.tokenizer, self.dir / MODEL_DIR, self.step)


def start_training(prepared: PreparedRun, launcher: Launcher, started: float) -> Training:
    """Connects the ranks and loads the newest sound checkpoint, if there is one. Collective: all ranks call it.

    Args:
        launcher: see `Training`.
        started: see `Training`.

    Raises:
        FolioError: there are checkpoints but none can be loaded, or Weights & Biases rejects the run.
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
    return Training(prepared, engine, store, step, launcher=launcher, started=started, uploads=uploads, wandb=wandb)
