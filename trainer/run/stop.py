"""Requests to save and stop: a signal, the end of the launcher, or `--max_hours`."""

from __future__ import annotations

import json
import signal
import time
from collections.abc import Callable
from pathlib import Path
from types import FrameType

from trainer.launcher import Launcher

MARK = "stopped.json"
SIGNALS = (signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1)
"""Sent by container engines and schedulers, by a terminal that closes, and by Slurm before the limit of a job."""


class StopRequest:
    """Records whether this process was requested to save and stop. The run checks it between steps.

    A signal that the parent process ignores, as `nohup` does with SIGHUP, is ignored here, too.

    Args:
        launcher: the launcher of this rank.
        max_hours: hours after `started` at which the run must stop; 0: no limit.
        started: start of the run by `clock`.
        clock: returns monotonic seconds.
    """

    def __init__(
        self, launcher: Launcher, max_hours: float, started: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._launcher, self._max_hours, self._clock, self._start = launcher, max_hours, clock, started
        self._signal: signal.Signals | None = None
        for number in SIGNALS:
            if signal.getsignal(number) is not signal.SIG_IGN:
                signal.signal(number, self._remember)

    def _remember(self, number: int, frame: FrameType | None) -> None:
        self._signal = signal.Signals(number)

    @property
    def reason(self) -> str | None:
        """The reason of the request, such as `SIGTERM` or `--max_hours 2`; None: there is no request."""
        if self._signal is not None:
            return self._signal.name
        if self._launcher.has_ended():
            return "the end of the launcher"
        spent = self._max_hours and self._clock() - self._start >= 3600 * self._max_hours
        return f"--max_hours {self._max_hours:g}" if spent else None


def mark_stopped(run_dir: Path, step: int, reason: str) -> None:
    """Writes `stopped.json`: the run was requested to stop, has saved after `step`, and can be resumed.

    The exit code of the launcher does not distinguish this from a failure.
    """
    (run_dir / MARK).write_text(json.dumps({"stopped_by": reason, "step": step}) + "\n", encoding="utf-8")


def clear_mark(run_dir: Path) -> None:
    """Removes the `stopped.json` of an earlier stop, if there is one."""
    (run_dir / MARK).unlink(missing_ok=True)
