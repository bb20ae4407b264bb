"""What goes wrong while a run goes on: bad samples and skipped steps, written down and counted."""

from __future__ import annotations

import logging
import math
from pathlib import Path

from schemas import FolioError
from trainer.engine.step import StepResult
from trainer.run.log import drop_later_rows, json_line

logger = logging.getLogger("trainer")

BAD_SAMPLES = "bad_samples.jsonl"
SKIPPED_STEPS = "skipped_steps.jsonl"
SHOWN = 10  # bad samples that are also logged


class BadSamples:
    """Every rank notes every step.

    Args:
        run_dir: gets `bad_samples.jsonl`, a row for each page, and one of each of the first steps is said; None:
            neither, on all ranks but one.
        resume_step: rows of later steps, which this run repeats, are dropped.
    """

    def __init__(self, run_dir: Path | None, resume_step: int) -> None:
        self.path = None if run_dir is None else run_dir / BAD_SAMPLES
        self.total = 0 if self.path is None else drop_later_rows(self.path, resume_step)

    def note(self, step: int, pages: list[str]) -> None:
        """Writes down the pages of a step, each with its shard and the reason."""
        self.total += len(pages)
        if not pages or self.path is None:
            return
        with self.path.open("a", encoding="utf-8") as file:
            file.writelines(json_line({"step": step, "page": page}) for page in pages)
        if self.total - len(pages) < SHOWN:
            logger.warning(f"bad sample, another was read instead (all are in {self.path}): {pages[0]}")


class SkippedSteps:
    """Every rank notes every step.

    Args:
        run_dir: gets `skipped_steps.jsonl`, a row with losses, gradient norm and page keys for each; None writes
            nothing, on all ranks but one.
        most_in_a_row: how many stop the run; counted anew after a restart.
        resume_step: rows of later steps, which this run repeats, are dropped.
    """

    def __init__(self, run_dir: Path | None, most_in_a_row: int, resume_step: int) -> None:
        self.path = None if run_dir is None else run_dir / SKIPPED_STEPS
        self.most_in_a_row = most_in_a_row
        self.in_a_row = 0
        self.total = 0 if self.path is None else drop_later_rows(self.path, resume_step)

    def note(self, step: int, result: StepResult) -> None:
        """Counts a step.

        Raises:
            FolioError: so many in a row were skipped that training cannot be said to go on.
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
            logger.warning(f"{what}: skipped, nothing has changed; its pages are in {self.path}")
        if self.in_a_row == self.most_in_a_row:
            raise FolioError(
                f"{what}: {self.in_a_row} skipped in a row (--max_skipped), none of them saved. {self._cure(result)}"
            )

    @staticmethod
    def _cure(result: StepResult) -> str:
        if math.isfinite(result.grad_norm):
            return "The norm is finite: give a larger --skip_grad_norm, or lower optimizer.learning_rate."
        return (
            "Start again with a lower optimizer.learning_rate; where that skips its first steps too, the weights were "
            "bad when they were saved: delete the newest of RUN/checkpoints."
        )
