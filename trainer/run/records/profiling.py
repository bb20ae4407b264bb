"""`--profile_steps A:B`: profiles the steps A to B and writes a trace and a table."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path

import torch
from torch.profiler import profile

logger = logging.getLogger("trainer")

TRACE, TABLE = "trace.json", "operators.txt"
OPERATORS = 40  # rows of the table


class StepProfiler:
    """Profiles some steps of a run with torch.profiler.

    Args:
        steps: the first and the last step, counted from 1; None: profile no step.
        directory: gets `trace.json` for chrome://tracing or ui.perfetto.dev, and `operators.txt`.
        paused: context manager for the work of the profiler outside of steps, such as `Throughput.paused`.
    """

    def __init__(
        self,
        steps: tuple[int, int] | None,
        directory: Path,
        paused: Callable[[], AbstractContextManager[None]] = nullcontext,
    ) -> None:
        self.steps = steps
        self.directory = directory
        self._paused = paused
        self._profile: profile | None = None

    @contextmanager
    def watching(self, step: int) -> Iterator[None]:
        """Wraps a step and profiles it if requested. Writes the files after the last profiled step.

        A run that is resumed after the first of these steps profiles the rest of them.
        """
        if self.steps is None or not self.steps[0] <= step <= self.steps[1]:
            yield
            return
        if self._profile is None:
            with self._paused():
                self._profile = profile()  # of all devices of the machine
                self._profile.start()
        yield
        if step == self.steps[1]:
            with self._paused():
                self._profile.stop()
                self._write(self._profile)
                self._profile = None

    def _write(self, done: profile) -> None:
        self.directory.mkdir(exist_ok=True)
        done.export_chrome_trace(str(self.directory / TRACE))
        device = "cuda" if torch.cuda.is_available() else "cpu"
        table = done.key_averages().table(sort_by=f"self_{device}_time_total", row_limit=OPERATORS)
        (self.directory / TABLE).write_text(table, encoding="utf-8")
        logger.info(f"profile {self.directory / TABLE}  trace {self.directory / TRACE}")
