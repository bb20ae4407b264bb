"""Two runs in one directory."""

from __future__ import annotations

import multiprocessing
import os
import signal
from pathlib import Path

import pytest

from schemas import UsageError
from tests.support.commands import LIMIT_S
from trainer.run.directory import sole_run


def _hold(run_dir: Path, held) -> None:
    with sole_run(run_dir):
        held.set()
        signal.pause()


@pytest.fixture
def other_run(tmp_path):
    """Another process at work in the directory."""
    context = multiprocessing.get_context("spawn")
    held = context.Event()
    process = context.Process(target=_hold, args=(tmp_path, held))
    process.start()
    assert held.wait(LIMIT_S)
    yield process
    process.kill()


def test_a_second_run_is_refused_until_the_first_is_killed(other_run, tmp_path):
    with pytest.raises(UsageError, match="another run is at work there"), sole_run(tmp_path):
        pass
    os.kill(other_run.pid, signal.SIGKILL)
    other_run.join()
    with sole_run(tmp_path):
        pass


def test_other_ranks_need_no_lock(other_run, tmp_path, monkeypatch):
    monkeypatch.setenv("RANK", "1")
    with sole_run(tmp_path):
        pass
