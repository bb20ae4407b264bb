"""Signals that come while the run evaluates, which is where it does not look between steps."""

from __future__ import annotations

import json
import sys

import pytest

from tests.support.corpora import write_corpus
from tests.support.disks import small_disk
from tests.trainer.launches import PRETRAIN, ROOT, SMALL, rows, run
from trainer.pretrain import main
from trainer.run.stop import StopRequest, mark_stopped

# The real program, which sends itself the signal as its first evaluation begins.
SIGNALLED = """
import os, signal, sys, weakref
sys.path.insert(0, sys.argv.pop(1))
from trainer.run.held_out import Evaluation
from trainer.pretrain import main
evaluate, number, where = Evaluation.run, signal.Signals[sys.argv.pop(1)], sys.argv.pop(1)
def struck(self, engine):
    dying = set()
    watch = weakref.ref(dying, lambda _: where == "callback" and (os.kill(os.getpid(), number) or sum(range(100))))
    del dying
    if where == "step":
        os.kill(os.getpid(), number)
    return evaluate(self, engine)
Evaluation.run = struck
sys.exit(main())
"""


@pytest.fixture
def signalled(tmp_path):
    """Runs the program up to its evaluation after step 2 of 6, where the signal comes; exit code and output."""
    write_corpus(tmp_path / "OUT", pages=20, words=20, long_side=128)

    def attempt(name: str, where: str = "step") -> tuple[int, str]:
        paths = ["--corpus", str(tmp_path / "OUT"), "--output", str(tmp_path / "RUN"), *SMALL, "--val_share", "0.3"]
        command = [sys.executable, "-c", SIGNALLED, str(ROOT), name, where, *paths, "--max_steps", "6"]
        done = run([*command, "--val_every", "2"], tmp_path)
        return done.returncode, done.stdout

    return attempt


def test_the_hours_given_count_from_the_start_and_none_are_no_limit():
    now_s = 100.0
    limited, unlimited = (StopRequest(hours, 100.0, clock=lambda: now_s) for hours in (1.5, 0.0))
    now_s += 1.5 * 3600 - 1
    assert (limited.reason, unlimited.reason) == (None, None)
    now_s += 1
    assert (limited.reason, unlimited.reason) == ("--max_hours 1.5", None)


def test_a_sigterm_during_an_evaluation_stops_the_run_right_after_it(signalled, tmp_path):
    code, printed = signalled("SIGTERM")
    assert code == 1, printed
    assert json.loads((tmp_path / "RUN" / "stopped.json").read_text())["step"] == 2
    assert [row["step"] for row in rows(tmp_path / "RUN")] == [1, 2]
    assert (tmp_path / "RUN" / "checkpoints" / "step-00000002" / "manifest.json").is_file()


@pytest.mark.parametrize("where", ["step", "callback"])
def test_ctrl_c_ends_the_run_with_one_line_also_where_python_drops_exceptions(signalled, where):
    code, printed = signalled("SIGINT", where)
    assert code == 130, printed
    assert printed.splitlines()[-1] == "stopped; the same command goes on from the last checkpoint"
    assert "Traceback" not in printed


def test_a_disk_that_fills_up_beside_the_checkpoints_ends_the_run_with_one_line(tmp_path):
    write_corpus(tmp_path / "OUT", pages=20, words=20, long_side=128)
    with small_disk(tmp_path / "disk", "12k") as disk:
        where = ["--corpus", str(tmp_path / "OUT"), "--output", str(disk.path / "RUN")]
        done = run([sys.executable, str(PRETRAIN), *where, *SMALL, "--val_share", "0"], tmp_path)
    assert done.returncode == 1, done.stdout
    assert done.stdout.splitlines()[-1].startswith("error: ")
    assert "cannot be written: No space left on device. Make room" in done.stdout.splitlines()[-1]
    assert "Traceback" not in done.stdout


def test_a_start_that_fails_takes_the_mark_of_the_stop_before_it_away(tmp_path):
    write_corpus(tmp_path / "OUT", pages=20, words=20, long_side=128)
    mark_stopped(tmp_path, step=3, reason="SIGTERM")
    assert main(["--corpus", str(tmp_path / "OUT"), "--output", str(tmp_path), "--init_from", str(tmp_path)]) == 2
    assert not (tmp_path / "stopped.json").exists()
