"""Tests of two runs in one directory."""

from __future__ import annotations

import multiprocessing
import os
import signal
from pathlib import Path

import pytest

from schemas import UsageError
from tests.support.commands import LIMIT_S
from trainer.run.directory import lock_run_dir


def _hold_lock(run_dir: Path, locked) -> None:
    with lock_run_dir(run_dir):
        locked.set()
        signal.pause()


@pytest.fixture
def other_run(tmp_path):
    """Returns another process that holds the lock of the directory."""
    context = multiprocessing.get_context("spawn")
    locked = context.Event()
    process = context.Process(target=_hold_lock, args=(tmp_path, locked))
    process.start()
    assert locked.wait(LIMIT_S)
    yield process
    process.kill()


def test_a_second_run_is_refused_until_the_first_is_killed(other_run, tmp_path):
    with pytest.raises(UsageError, match="is in use by another run"), lock_run_dir(tmp_path):
        pass
    os.kill(other_run.pid, signal.SIGKILL)
    other_run.join()
    with lock_run_dir(tmp_path):
        pass


def test_only_the_first_rank_takes_the_lock(other_run, tmp_path, monkeypatch):
    monkeypatch.setenv("RANK", "1")
    with lock_run_dir(tmp_path):
        pass
