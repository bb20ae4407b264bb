"""Real child processes that hang, crash, use too much memory and fail."""

from __future__ import annotations

import os
import signal
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from pipelines.runtime.sandbox import Sandbox, TaskFailure
from schemas import FolioError, PageStatus

leaked = []


@dataclass(frozen=True)
class Misbehave:
    """A handler that does what its task says, such as `("sleep", 600)`. The instance is its own factory."""

    def __call__(self):
        return self.run

    def run(self, task):
        action, value = task
        if action == "sleep":
            time.sleep(value)
        elif action == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        elif action == "segfault":
            os.kill(os.getpid(), signal.SIGSEGV)
        elif action == "allocate":
            held = [np.ones(2**22) for _ in range(value)]
            while True:  # keep it in use, so that the system does not swap it out
                for block in held:
                    block += 1
        elif action == "raise":
            raise ValueError(value)
        elif action == "kill once":
            if not value.exists():
                value.touch()
                os.kill(os.getpid(), signal.SIGKILL)
        elif action == "leak":
            leaked.append(np.ones(value))
            return os.getpid()
        elif action == "pid":
            return os.getpid()
        return value


@dataclass(frozen=True)
class CannotStart:
    """A factory that raises `FolioError`."""

    message: str

    def __call__(self):
        raise FolioError(self.message)


@dataclass(frozen=True)
class DiesAtStart:
    """A factory that ends its process."""

    def __call__(self):
        os._exit(7)


@dataclass(frozen=True)
class KilledAtFirstStarts:
    """A factory that is killed the first `times` times. It counts them by files in `marks`."""

    marks: Path
    times: int

    def __call__(self):
        made = len(list(self.marks.iterdir()))
        if made < self.times:
            (self.marks / str(made)).touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return Misbehave().run


def run(tasks, workers=2, timeout_s=20.0, memory_mb=2000):
    with Sandbox(Misbehave(), workers, timeout_s, memory_mb) as sandbox:
        return dict(sandbox.map(tasks))


def test_every_task_returns_with_its_result():
    tasks = [("echo", i) for i in range(20)]
    assert run(tasks) == {task: task[1] for task in tasks}


def test_only_the_task_that_hangs_is_marked_as_failed():
    results = run([("echo", 1), ("sleep", 600), ("echo", 2), ("echo", 3)], timeout_s=5)
    failure = results.pop(("sleep", 600))
    assert failure.status is PageStatus.TIMEOUT
    assert "--page_timeout_s" in failure.detail
    assert set(results.values()) == {1, 2, 3}


@pytest.mark.parametrize(("action", "signal_number"), [("kill", 9), ("segfault", 11)])
def test_a_task_that_kills_its_process_twice_is_marked_as_crashed(action, signal_number):
    results = run([("echo", 1), (action, 0), ("echo", 2)])
    assert results[(action, 0)] == TaskFailure(
        PageStatus.CRASHED, f"the page process died with signal {signal_number}, 2 times"
    )
    assert results[("echo", 1)] == 1 and results[("echo", 2)] == 2


def test_a_task_whose_process_is_killed_once_is_tried_again(tmp_path):
    task = ("kill once", tmp_path / "killed")
    assert run([("echo", 1), task, ("echo", 2)])[task] == tmp_path / "killed"


def test_a_process_is_replaced_after_a_fixed_number_of_tasks(monkeypatch):
    monkeypatch.setattr("pipelines.runtime.sandbox.TASKS_PER_CHILD", 3)
    served = list(run([("pid", number) for number in range(7)], workers=1).values())
    assert [served.count(pid) for pid in dict.fromkeys(served)] == [3, 3, 1]


def test_a_process_that_uses_much_memory_is_replaced_after_its_task():
    pids = run([("leak", 2**26), ("pid", 1), ("pid", 2)], workers=1, memory_mb=900)
    assert pids["leak", 2**26] != pids["pid", 1] == pids["pid", 2]


def test_a_task_that_uses_too_much_memory_is_stopped():
    results = run([("allocate", 40), ("echo", 1)], timeout_s=120, memory_mb=600)
    assert results[("allocate", 40)].status is PageStatus.OUT_OF_MEMORY
    assert "--page_memory_mb 600" in results[("allocate", 40)].detail
    assert results[("echo", 1)] == 1


def test_an_exception_fails_the_task_and_keeps_its_text():
    results = run([("raise", "no such glyph"), ("echo", 1)])
    assert results[("raise", "no such glyph")] == TaskFailure(PageStatus.CRASHED, "ValueError: no such glyph")


def test_a_handler_that_cannot_be_built_stops_the_run_with_its_own_message():
    sandbox = Sandbox(CannotStart("pip install 'folio[tesseract]'"), 2, 5.0, 500)
    with sandbox, pytest.raises(FolioError, match="folio\\[tesseract\\]"):
        list(sandbox.map([1, 2]))


def test_a_child_that_dies_before_it_is_ready_stops_the_run():
    with Sandbox(DiesAtStart(), 1, 5.0, 500) as sandbox, pytest.raises(FolioError, match="exit code 7"):
        list(sandbox.map([1]))


def test_a_child_that_is_killed_while_it_starts_is_started_again(tmp_path):
    with Sandbox(KilledAtFirstStarts(tmp_path, 2), 1, 20.0, 2000) as sandbox:
        assert list(sandbox.map([("echo", 1)])) == [(("echo", 1), 1)]


def test_a_run_stops_if_children_are_killed_at_every_start(tmp_path):
    sandbox = Sandbox(KilledAtFirstStarts(tmp_path, 99), 1, 20.0, 2000)
    with sandbox, pytest.raises(FolioError, match="exit code -9"):
        list(sandbox.map([("echo", 1)]))


def test_children_are_reused_by_the_next_run_and_replaced_if_killed_while_idle():
    with Sandbox(Misbehave(), 1, 20.0, 2000) as sandbox:
        list(sandbox.map([("echo", 1)]))
        (child,) = sandbox._children
        list(sandbox.map([("echo", 2)]))
        assert sandbox._children == [child]
        child.process.kill()
        child.process.wait()
        assert list(sandbox.map([("echo", 3)])) == [(("echo", 3), 3)]


def test_a_child_that_was_warmed_up_gets_the_first_task():
    with Sandbox(Misbehave(), 2, 20.0, 2000) as sandbox:
        sandbox.warm_up()
        (warm,) = sandbox._children
        [(_, pid)] = sandbox.map([("pid", 0)])
        assert pid == warm.process.pid


def test_warming_up_reports_why_a_handler_cannot_be_built():
    with (
        Sandbox(CannotStart("no weights here"), 1, 20.0, 2000) as sandbox,
        pytest.raises(FolioError, match="no weights"),
    ):
        sandbox.warm_up()


def test_a_child_that_is_killed_while_it_warms_up_is_started_again(tmp_path):
    with Sandbox(KilledAtFirstStarts(tmp_path, times=2), 1, 20.0, 2000) as sandbox:
        sandbox.warm_up()


def test_closing_ends_the_children():
    sandbox = Sandbox(Misbehave(), 1, 20.0, 2000)
    list(sandbox.map([("echo", 1)]))
    process = sandbox._children[0].process
    sandbox.close()
    assert process.poll() is not None
