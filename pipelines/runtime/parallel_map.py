"""Work on what comes next while the present is used, with a bounded number of results in memory."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


def parallel_map(task: Callable[[Item], Result], items: Iterable[Item], threads: int) -> Iterator[Result]:
    """Yields the result of each item, in order, while the threads work on the next ones: one each and no more."""
    with ThreadPoolExecutor(threads) as pool:
        started: deque[Future[Result]] = deque()
        for item in items:
            started.append(pool.submit(task, item))
            if len(started) > threads:
                yield started.popleft().result()
        yield from (future.result() for future in started)
