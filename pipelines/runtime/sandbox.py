"""Killable child processes for work that can hang, crash or eat the memory.

A `Sandbox` runs one handler in several children. If a task
exceeds its time or memory limit, or its child dies, only that task fails: the child is replaced and the task gets a
`TaskFailure`. A handler that cannot even be built
(a missing extra, damaged weights) stops the run with its own message.

The children are started as fresh interpreters rather than through `multiprocessing`: they then import nothing but
the handler's modules, and they also run below daemonic workers (Dask), which may not have `multiprocessing`
children.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing import Pipe
from multiprocessing.connection import wait
from typing import Any, Generic, TypeVar

from schemas import FolioError, PageStatus

Task = TypeVar("Task")
Result = TypeVar("Result")
Handler = Callable[[Any], Any]

START_LIMIT_S = 300.0
POLL_S = 0.5
TASKS_A_CHILD = 2000  # native libraries leak a little with every page
ATTEMPTS = 2
STARTS = 3  # a child killed from outside before it is ready is started again; more of them in a row are no accident


@dataclass(frozen=True)
class TaskFailure:
    """A task without a result, and the reason."""

    status: PageStatus
    detail: str


class _Child:
    """One interpreter that builds a handler and then serves tasks until its pipe closes."""

    def __init__(self, factory: Callable[[], Handler], timeout_s: float) -> None:
        self.task: Any = None
        self.attempt = 0
        self.served = 0
        self.ready = False
        self.timeout_s = timeout_s
        self.pipe, theirs = Pipe()
        command = [sys.executable, "-m", "pipelines.runtime.sandbox_child", str(theirs.fileno())]
        environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
        # Its own session: Ctrl-C reaches the launcher alone, which then ends the children in order.
        self.process = subprocess.Popen(
            command, pass_fds=[theirs.fileno()], env=environment, stdin=subprocess.DEVNULL, start_new_session=True
        )
        theirs.close()
        self.pipe.send((factory, timeout_s))
        self.deadline = time.monotonic() + START_LIMIT_S

    def give(self, task: Any, attempt: int) -> None:
        self.task, self.attempt = task, attempt
        self.deadline = time.monotonic() + self.timeout_s
        with suppress(BrokenPipeError):  # it died while idle: reading from it will say so
            self.pipe.send(task)

    def resident_mb(self) -> float:
        import psutil

        try:
            return psutil.Process(self.process.pid).memory_info().rss / 2**20
        except psutil.NoSuchProcess:
            return 0.0

    def end(self) -> int:
        """Kills the child and returns its exit code."""
        self.pipe.close()
        self.process.kill()
        return self.process.wait()


class Sandbox(Generic[Task, Result]):
    """Children that run `factory()` once and its result on every task.

    Args:
        factory: picklable; called in each child, returns the handler. `FolioError` from it stops the run.
        workers: children at work at the same time.
        timeout_s: wall-clock limit for a task.
        memory_mb: limit for a child's resident memory. A child above half of it is replaced after its task.
    """

    def __init__(self, factory: Callable[[], Handler], workers: int, timeout_s: float, memory_mb: int) -> None:
        self._factory = factory
        self._workers = workers
        self._timeout_s = timeout_s
        self._memory_mb = memory_mb
        self._children: list[_Child] = []
        self._killed_at_start = 0
        self.peak_mb = 0.0

    def __enter__(self) -> Sandbox[Task, Result]:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Ends all children."""
        while self._children:
            self._children.pop().end()

    def warm_up(self) -> None:
        """Starts a child and waits until its handler is ready for tasks.

        Raises:
            FolioError: the handler cannot be built.
        """
        restarts: deque[tuple[Any, int]] = deque()
        while not any(child.ready for child in self._children):
            if not self._children:
                self._children.append(_Child(self._factory, self._timeout_s))
            for _ in self._collect(restarts):
                return  # it exceeds its memory limit before any page: the pages will be recorded so

    def map(self, tasks: Iterable[Task]) -> Iterator[tuple[Task, Result | TaskFailure]]:
        """Yields every task with its result or failure, in order of completion.

        Tasks are drawn from the iterable only when a child is free for them.

        Raises:
            FolioError: the handler cannot be built.
        """
        source = iter(tasks)
        retries: deque[tuple[Task, int]] = deque()
        while True:
            self._feed(source, retries)
            if not any(child.task is not None for child in self._children) and not retries:
                return
            yield from self._collect(retries)

    def _feed(self, source: Iterator[Task], retries: deque[tuple[Task, int]]) -> None:
        """Gives a task to every idle child, starting children while there are tasks for them."""
        for child in [child for child in self._children if child.task is None and child.ready]:
            work = _next(source, retries)
            if work is None:
                return
            child.give(*work)
        while len(self._children) < self._workers:
            work = _next(source, retries)
            if work is None:
                return
            child = _Child(self._factory, self._timeout_s)
            child.task, child.attempt = work
            self._children.append(child)

    def _collect(self, retries: deque[tuple[Task, int]]) -> Iterator[tuple[Task, Result | TaskFailure]]:
        """Waits a moment and yields what came of it: results, crashes, children past their limits."""
        busy = {child.pipe: child for child in self._children if child.task is not None or not child.ready}
        for pipe in wait(list(busy), POLL_S):
            child = busy.pop(pipe)  # type: ignore[call-overload]
            yield from self._receive(child, retries)
        for child in busy.values():
            failure = self._limit_passed(child)
            if failure:
                self._drop(child)
                yield child.task, failure

    def _receive(self, child: _Child, retries: deque[tuple[Task, int]]) -> Iterator[tuple[Task, Result | TaskFailure]]:
        try:
            kind, value = child.pipe.recv()
        except (EOFError, OSError):  # it died, perhaps in the middle of its answer
            failure = self._crashed(child, retries)
            if failure:
                yield child.task, failure
            return
        if kind == "broken":
            self.close()
            raise value
        if kind == "ready":
            child.ready = True
            self._killed_at_start = 0
            if child.task is not None:
                child.give(child.task, child.attempt)
            return
        task, child.task = child.task, None
        child.served += 1
        resident_mb = child.resident_mb()
        self.peak_mb = max(self.peak_mb, resident_mb)
        if child.served >= TASKS_A_CHILD or resident_mb > self._memory_mb / 2:
            self._drop(child)
        yield task, (value if kind == "result" else TaskFailure(PageStatus.CRASHED, value))

    def _crashed(self, child: _Child, retries: deque[tuple[Task, int]]) -> TaskFailure | None:
        """Takes a dead child away; its task gets one more chance, as a stray signal may have hit it."""
        code = self._drop(child)
        if not child.ready:
            self._killed_at_start += 1
            if code < 0 and self._killed_at_start < STARTS:
                retries.append((child.task, child.attempt))
                return None
            self.close()
            raise FolioError(
                f"a page process ended with exit code {code} before it could take a page; see its message above."
            )
        if child.attempt < ATTEMPTS:
            retries.append((child.task, child.attempt + 1))
            return None
        ended = f"signal {-code}" if code < 0 else f"exit code {code}"
        return TaskFailure(PageStatus.CRASHED, f"the page process died with {ended}, {ATTEMPTS} times")

    def _limit_passed(self, child: _Child) -> TaskFailure | None:
        if time.monotonic() > child.deadline:
            if not child.ready:
                self.close()
                raise FolioError(f"a page process was not ready after {START_LIMIT_S:.0f} s.")
            return TaskFailure(PageStatus.TIMEOUT, f"not done after {self._timeout_s:g} s (--page_timeout_s)")
        resident_mb = child.resident_mb()
        self.peak_mb = max(self.peak_mb, resident_mb)
        if resident_mb > self._memory_mb:
            return TaskFailure(
                PageStatus.OUT_OF_MEMORY, f"took {resident_mb:.0f} MB (--page_memory_mb {self._memory_mb})"
            )
        return None

    def _drop(self, child: _Child) -> int:
        self._children.remove(child)
        return child.end()


def _next(source: Iterator[Task], retries: deque[tuple[Task, int]]) -> tuple[Task, int] | None:
    """Returns the next task with the number of its attempt, or None when there is none."""
    return retries.popleft() if retries else next(((task, 1) for task in source), None)
