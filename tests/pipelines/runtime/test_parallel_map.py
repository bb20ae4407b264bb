"""Parallel map: results in order, no more in flight than threads, errors at the position of their result."""

from __future__ import annotations

import pytest

from pipelines.runtime.parallel_map import parallel_map


@pytest.mark.parametrize("threads", [1, 2, 5, 50])
def test_results_are_in_the_order_of_their_items(threads):
    assert list(parallel_map(str, range(20), threads)) == [str(number) for number in range(20)]


@pytest.mark.parametrize("threads", [1, 3])
def test_at_most_one_item_per_thread_is_started_ahead_of_the_result_in_use(threads):
    started = []
    for used, _ in enumerate(parallel_map(started.append, range(20), threads), start=1):
        assert len(started) <= used + threads


def test_an_error_is_raised_at_the_position_of_its_result():
    results = parallel_map(lambda number: 1 // number, [1, 1, 0, 1], 1)
    assert [next(results), next(results)] == [1, 1]
    with pytest.raises(ZeroDivisionError):
        next(results)
