"""A polite end: SIGTERM, which schedulers send before they take the machine away, asks the run to save and stop."""

from __future__ import annotations

import json
import signal
from pathlib import Path
from types import FrameType

MARK = "stopped.json"


class StopRequest:
    """Remembers that SIGTERM came; the run looks between steps."""

    def __init__(self) -> None:
        self.received = False
        signal.signal(signal.SIGTERM, self._remember)

    def _remember(self, number: int, frame: FrameType | None) -> None:
        self.received = True


def mark_stopped(run_dir: Path, step: int) -> None:
    """Leaves `stopped.json`: this run was asked to stop after `step`, saved, and waits to be started again.

    The launcher's exit code cannot tell this from a failure.
    """
    (run_dir / MARK).write_text(json.dumps({"signal": "SIGTERM", "step": step}) + "\n", encoding="utf-8")


def clear_mark(run_dir: Path) -> None:
    """Removes the mark of an earlier stop."""
    (run_dir / MARK).unlink(missing_ok=True)
