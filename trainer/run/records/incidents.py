"""Records and counts bad samples and skipped steps."""

from __future__ import annotations

import logging
import math
from pathlib import Path

from schemas import FolioError
from trainer.engine.step import StepResult
from trainer.run.records.log import drop_later_rows, json_line

logger = logging.getLogger("trainer")

BAD_SAMPLES = "bad_samples.jsonl"
SKIPPED_STEPS = "skipped_steps.jsonl"
SHOWN = 10  # number of bad samples that are also logged


class BadSamples:
    """The pages that could not be read and were replaced. Every rank calls `note` for every step.

    Attributes:
        total: number of bad samples so far, including those before a restart.

    Args:
        run_dir: gets `bad_samples.jsonl` with a row per page. The first few bad samples are also logged. None: neither
            (all ranks except the first).
        resume_step: rows of later steps are dropped, because this run repeats these steps.
    """

    def __init__(self, run_dir: Path | None, resume_step: int) -> None:
        self.path = None if run_dir is None else run_dir / BAD_SAMPLES
        self.total = 0 if self.path is None else drop_later_rows(self.path, resume_step)

    def note(self, step: int, pages: list[str]) -> None:
        """Records the bad samples of a step.

        Args:
            step: number of the step.
            pages: each page with its shard and the reason.
        """
        self.total += len(pages)
        if not pages or self.path is None:
            return
        with self.path.open("a", encoding="utf-8") as file:
            file.writelines(json_line({"step": step, "page": page}) for page in pages)
        if self.total - len(pages) < SHOWN:
            logger.warning(f"bad sample, replaced by another one ({self.path} lists all): {pages[0]}")


class SkippedSteps:
    """The steps whose gradient was not usable. Every rank calls `note` for every step.

    Attributes:
        total: number of skipped steps so far, including those before a restart.
        in_a_row: number of steps skipped in a row up to now. A restart sets it to 0.

    Args:
        run_dir: gets `skipped_steps.jsonl` with a row per skipped step: losses, gradient norm and page keys. None:
            write nothing (all ranks except the first).
        max_in_a_row: this number of skipped steps in a row stops the run.
        resume_step: rows of later steps are dropped, because this run repeats these steps.
    """

    def __init__(self, run_dir: Path | None, max_in_a_row: int, resume_step: int) -> None:
        self.path = None if run_dir is None else run_dir / SKIPPED_STEPS
        self.max_in_a_row = max_in_a_row
        self.in_a_row = 0
        self.total = 0 if self.path is None else drop_later_rows(self.path, resume_step)

    def note(self, step: int, result: StepResult) -> None:
        """Records a step if it was skipped.

        Raises:
            FolioError: `max_in_a_row` steps in a row were skipped.
        """
        self.in_a_row = self.in_a_row + 1 if result.skipped else 0
        if result.skipped is None:
            return
        self.total += 1
        what = f"step {step}: loss {result.metrics['loss']:.4g}, gradient norm {result.grad_norm:.4g}"
        if self.path is not None:
            pages = {"keys": result.skipped.keys, "suspects": result.skipped.suspects}
            with self.path.open("a", encoding="utf-8") as file:
                file.write(json_line({"step": step, **result.metrics, "grad_norm": result.grad_norm, **pages}))
            logger.warning(f"{what}: skipped, no weight was changed; {self.path} lists its pages")
        if self.in_a_row == self.max_in_a_row:
            raise FolioError(
                f"{what}: {self.in_a_row} steps skipped in a row (--max_skipped), none of them saved. "
                f"{self._advice(result)}"
            )

    @staticmethod
    def _advice(result: StepResult) -> str:
        if math.isfinite(result.grad_norm):
            return "The norm is finite: pass a larger --skip_grad_norm, or lower optimizer.learning_rate."
        return (
            "Start again with a lower optimizer.learning_rate. If its first steps are skipped, too, the saved weights "
            "are already bad: delete the newest checkpoint in RUN/checkpoints."
        )
