"""Tests of signals during an evaluation, when the run does not check for them, and of other early ends."""

from __future__ import annotations

import json
import signal
import sys
from collections.abc import Iterator

import pytest

from tests.support.corpora import write_corpus
from tests.support.disks import small_disk
from tests.trainer.launches import PRETRAIN, ROOT, SMALL, rows, run
from trainer.launcher import Launcher
from trainer.pretrain import main
from trainer.run.stop import SIGNALS, StopRequest, mark_stopped

# The real program, but it sends itself the signal at the start of its first evaluation.
SIGNALLED = """
import os, signal, sys, weakref
sys.path.insert(0, sys.argv.pop(1))
from trainer.run.held_out import Evaluation
from trainer.pretrain import main
signal.signal(signal.SIGHUP, signal.SIG_DFL)  # the tests may run under nohup, which ignores it
evaluate, number, where = Evaluation.run, signal.Signals[sys.argv.pop(1)], sys.argv.pop(1)
def signalled(self, engine):
    deleted = set()
    watch = weakref.ref(deleted, lambda _: where == "callback" and (os.kill(os.getpid(), number) or sum(range(100))))
    del deleted
    if where == "step":
        os.kill(os.getpid(), number)
    return evaluate(self, engine)
Evaluation.run = signalled
sys.exit(main())
"""


@pytest.fixture
def signalled(tmp_path):
    """Returns a function that runs the program with a signal at the evaluation after step 2 of 6.

    The function returns exit code and output.
    """
    write_corpus(tmp_path / "OUT", pages=20, words=20, long_side=128)

    def attempt(name: str, where: str = "step") -> tuple[int, str]:
        paths = ["--corpus", str(tmp_path / "OUT"), "--output", str(tmp_path / "RUN"), *SMALL, "--val_share", "0.3"]
        command = [sys.executable, "-c", SIGNALLED, str(ROOT), name, where, *paths, "--max_steps", "6"]
        done = run([*command, "--val_every", "2"], tmp_path)
        return done.returncode, done.stdout

    return attempt


@pytest.fixture
def restored_handlers() -> Iterator[None]:
    """Restores the signal handlers of this process after a test."""
    before = {number: signal.getsignal(number) for number in SIGNALS}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def test_max_hours_count_from_the_start_and_zero_means_no_limit(restored_handlers):
    now_s = 100.0
    limited, unlimited = (StopRequest(Launcher(), hours, 100.0, clock=lambda: now_s) for hours in (1.5, 0.0))
    now_s += 1.5 * 3600 - 1
    assert (limited.reason, unlimited.reason) == (None, None)
    now_s += 1
    assert (limited.reason, unlimited.reason) == ("--max_hours 1.5", None)


def test_a_signal_that_nohup_ignores_does_not_stop_the_run(restored_handlers):
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    request = StopRequest(Launcher(), 0.0, started=0.0)
    signal.raise_signal(signal.SIGHUP)
    assert request.reason is None
    signal.raise_signal(signal.SIGUSR1)
    assert request.reason == "SIGUSR1"


@pytest.mark.parametrize("name", ["SIGTERM", "SIGHUP", "SIGUSR1"])
def test_a_signal_during_an_evaluation_stops_the_run_after_the_evaluation(signalled, tmp_path, name):
    code, printed = signalled(name)
    assert code == 1, printed
    assert json.loads((tmp_path / "RUN" / "stopped.json").read_text()) == {"stopped_by": name, "step": 2}
    assert [row["step"] for row in rows(tmp_path / "RUN")] == [1, 2]
    assert (tmp_path / "RUN" / "checkpoints" / "step-00000002" / "manifest.json").is_file()


@pytest.mark.parametrize("where", ["step", "callback"])
def test_ctrl_c_ends_the_run_with_one_line_even_if_python_ignores_the_exception(signalled, where):
    code, printed = signalled("SIGINT", where)
    assert code == 130, printed
    assert printed.splitlines()[-1] == "stopped; run the same command again to resume from the last checkpoint"
    assert "Traceback" not in printed


def test_a_disk_that_becomes_full_outside_a_save_ends_the_run_with_one_line(tmp_path):
    write_corpus(tmp_path / "OUT", pages=20, words=20, long_side=128)
    with small_disk(tmp_path / "disk", "12k") as disk:
        where = ["--corpus", str(tmp_path / "OUT"), "--output", str(disk.path / "RUN")]
        done = run([sys.executable, str(PRETRAIN), *where, *SMALL, "--val_share", "0"], tmp_path)
    assert done.returncode == 1, done.stdout
    assert done.stdout.splitlines()[-1].startswith("error: ")
    assert "cannot be written: No space left on device. Free disk space" in done.stdout.splitlines()[-1]
    assert "Traceback" not in done.stdout


def test_a_failed_start_removes_the_stopped_json_of_an_earlier_stop(tmp_path):
    write_corpus(tmp_path / "OUT", pages=20, words=20, long_side=128)
    mark_stopped(tmp_path, step=3, reason="SIGTERM")
    assert main(["--corpus", str(tmp_path / "OUT"), "--output", str(tmp_path), "--init_from", str(tmp_path)]) == 2
    assert not (tmp_path / "stopped.json").exists()
