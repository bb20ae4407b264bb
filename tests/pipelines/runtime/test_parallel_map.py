"""Working ahead: results in order, never more of them than threads, errors where their result would be."""

from __future__ import annotations

import pytest

from pipelines.runtime.parallel_map import parallel_map


@pytest.mark.parametrize("threads", [1, 2, 5, 50])
def test_results_come_in_the_order_of_their_items(threads):
    assert list(parallel_map(str, range(20), threads)) == [str(number) for number in range(20)]


@pytest.mark.parametrize("threads", [1, 3])
def test_no_more_items_are_begun_than_there_are_threads_beside_the_result_in_use(threads):
    begun = []
    for used, _ in enumerate(parallel_map(begun.append, range(20), threads), start=1):
        assert len(begun) <= used + threads


def test_an_error_comes_in_the_place_of_its_result():
    results = parallel_map(lambda number: 1 // number, [1, 1, 0, 1], 1)
    assert [next(results), next(results)] == [1, 1]
    with pytest.raises(ZeroDivisionError):
        next(results)
