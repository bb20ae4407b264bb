"""Working ahead: results in order, never more of them than threads, errors where their result would be."""

from __future__ import annotations

import pytest

from pipelines.ahead import map_ahead


@pytest.mark.parametrize("threads", [1, 2, 5, 50])
def test_results_come_in_the_order_of_their_items(threads):
    assert list(map_ahead(str, range(20), threads)) == [str(number) for number in range(20)]


@pytest.mark.parametrize("threads", [1, 3])
def test_no_more_items_are_begun_than_there_are_threads_beside_the_result_in_use(threads):
    begun = []
    for used, _ in enumerate(map_ahead(begun.append, range(20), threads), start=1):
        assert len(begun) <= used + threads


def test_an_error_comes_in_the_place_of_its_result():
    results = map_ahead(lambda number: 1 // number, [1, 1, 0, 1], 1)
    assert [next(results), next(results)] == [1, 1]
    with pytest.raises(ZeroDivisionError):
        next(results)
