"""Killable child processes for work that can hang, crash or use too much memory.

A `Sandbox` runs one handler in several children. If a task exceeds its time or memory limit, or if its child dies, only
that task fails: the child is replaced and the task gets a `TaskFailure`. If the handler itself cannot be built (a
missing extra, damaged weights), the run stops with the handler's message.

The children are started as new interpreters, not through `multiprocessing`, for two reasons. They import only the
modules of the handler. And they also work in daemonic workers (Dask), which may not start `multiprocessing` children.
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
TASKS_PER_CHILD = 2000  # then it is replaced: native libraries leak a little memory with every page
ATTEMPTS = 2  # of a task whose child dies
STARTS = 3  # of a child that is killed before it is ready; after three kills in a row the run stops


@dataclass(frozen=True)
class TaskFailure:
    """The outcome of a task without a result.

    Attributes:
        status: the kind of failure.
        detail: the reason, for the manifest.
    """

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
        # Its own session: only the launcher gets Ctrl-C, and it then ends the children in order.
        self.process = subprocess.Popen(
            command, pass_fds=[theirs.fileno()], env=environment, stdin=subprocess.DEVNULL, start_new_session=True
        )
        theirs.close()
        self.pipe.send((factory, timeout_s))
        self.deadline = time.monotonic() + START_LIMIT_S

    def give(self, task: Any, attempt: int) -> None:
        self.task, self.attempt = task, attempt
        self.deadline = time.monotonic() + self.timeout_s
        with suppress(BrokenPipeError):  # it died while idle: the next read from the pipe reports it
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
    """Child processes that call `factory()` once and then the handler that it returned for every task.

    Args:
        factory: picklable; called in each child, returns the handler. A `FolioError` from it stops the run.
        workers: number of children.
        timeout_s: wall-clock limit per task, in seconds.
        memory_mb: limit for a child's resident memory, in MiB. A child above half of it is replaced after its task.

    Attributes:
        peak_mb: highest resident memory of a child that was measured, in MiB.
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
                return  # it exceeds the memory limit without a page: each page will then be recorded as such

    def map(self, tasks: Iterable[Task]) -> Iterator[tuple[Task, Result | TaskFailure]]:
        """Yields every task with its result or failure, in order of completion.

        Takes a task from the iterable only when a child is free for it. A task whose child dies is tried once more.

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
        """Gives a task to every idle child, and starts more children while there are tasks for them."""
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
        """Waits up to `POLL_S` and yields what happened: results, crashes, children that exceed a limit."""
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
        except (EOFError, OSError):  # it died, possibly while it was answering
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
        if child.served >= TASKS_PER_CHILD or resident_mb > self._memory_mb / 2:
            self._drop(child)
        yield task, (value if kind == "result" else TaskFailure(PageStatus.CRASHED, value))

    def _crashed(self, child: _Child, retries: deque[tuple[Task, int]]) -> TaskFailure | None:
        """Removes a dead child. Its task is tried once more, because the child may have been killed from outside."""
        code = self._drop(child)
        if not child.ready:
            self._killed_at_start += 1
            if code < 0 and self._killed_at_start < STARTS:
                retries.append((child.task, child.attempt))
                return None
            self.close()
            raise FolioError(
                f"a page process ended with exit code {code} before it was ready for a page; see its message above."
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
    """Returns the next task and the number of its attempt, or None if no task is left."""
    return retries.popleft() if retries else next(((task, 1) for task in source), None)
