"""Pages that could not be used and gave way to others: written down and counted."""

from __future__ import annotations

import logging
from pathlib import Path

from trainer.run_log import drop_later_rows, json_line

logger = logging.getLogger("trainer")

BAD_SAMPLES = "bad_samples.jsonl"
SHOWN = 10


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
