"""Runs commands of Folio as child processes, each with its output in a file, and several of them side by side."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

from schemas.support.duration import duration

ROOT = Path(__file__).resolve().parents[2]


class CommandError(Exception):
    """A command failed. The message names the command and its output file."""


def run_command(command: Sequence[str], log: Path) -> str:
    """Runs Python with the arguments `command` and one thread. Its stderr replaces the file `log`.

    Returns:
        Its stdout.

    Raises:
        CommandError: the command failed.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}
    with log.open("w") as errors:
        done = subprocess.run(
            [sys.executable, *command], cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=errors, text=True
        )
    if done.returncode:
        raise CommandError(f"{' '.join(command)} ended with exit code {done.returncode}: see {log}")
    return done.stdout


def run_all(jobs: Sequence[Callable[[], str]], at_once: int, what: str) -> None:
    """Runs jobs in threads and prints a line with an ETA when one ends.

    Args:
        jobs: each returns a line about its result.
        at_once: number of jobs side by side.
        what: name of the jobs, in the plural.

    Raises:
        CommandError: a job failed. Jobs that run go on to their end, the others do not start.
    """
    started = time.monotonic()
    with ThreadPoolExecutor(at_once) as pool:
        running = [pool.submit(job) for job in jobs]
        try:
            for done, job in enumerate(as_completed(running), 1):
                left = (time.monotonic() - started) / done * (len(jobs) - done)
                print(f"{what} {done}/{len(jobs)}: {job.result()}, ETA {duration(left)}", flush=True)
        finally:
            pool.shutdown(cancel_futures=True)
