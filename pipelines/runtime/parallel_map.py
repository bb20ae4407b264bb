"""Ordered parallel map with a bounded number of results in flight."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


def parallel_map(task: Callable[[Item], Result], items: Iterable[Item], threads: int) -> Iterator[Result]:
    """Yields the results of all items, in order. While the caller uses one, each thread works on at most one more.

    Args:
        task: called with each item in a thread.
        items: read lazily, at most `threads` items ahead of the result in use.
        threads: how many work at the same time.

    Raises:
        Exception: the error of a task, at the position of its result.
    """
    with ThreadPoolExecutor(threads) as pool:
        started: deque[Future[Result]] = deque()
        for item in items:
            started.append(pool.submit(task, item))
            if len(started) > threads:
                yield started.popleft().result()
        yield from (future.result() for future in started)
