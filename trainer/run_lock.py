"""One run at a time in a run directory."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from schemas import UsageError
from trainer import distributed

LOCK_NAME = ".lock"


@contextmanager
def sole_run(run_dir: Path) -> Iterator[None]:
    """Keeps other runs of this machine out of `run_dir` for the length of the block; a killed one lets go.

    Ranks whose launcher was killed may live on, and two runs would take each other's checkpoints away.

    Raises:
        UsageError: another run is at work there. On the first rank alone: the launcher then ends the others.
    """
    if distributed.rank() != 0:
        yield
        return
    with (run_dir / LOCK_NAME).open("w") as file:
        try:
            # Unlike those of flock, these locks are not inherited by workers that outlive their rank for a moment.
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except (BlockingIOError, PermissionError) as error:
            raise UsageError(
                f"--output {run_dir}: another run is at work there, perhaps the ranks of a launcher that was killed: "
                "wait for their end or kill them."
            ) from error
        yield
