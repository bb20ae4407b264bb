"""A histogram has round edges and counts every value once."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.report.histogram import BINS, histogram_of

numbers = st.lists(st.floats(0, 1e6, allow_nan=False), min_size=1, max_size=200)


@given(numbers, st.sampled_from([1, 0.01]), st.sampled_from([0.0, None]))
def test_every_value_is_counted_once(values, step, lowest):
    histogram = histogram_of(np.array(values), step, lowest)
    assert sum(histogram.counts) == len(values)
    assert len(histogram.edges) == len(histogram.counts) + 1 <= BINS + 3
    assert list(histogram.edges) == sorted(set(histogram.edges))
    assert histogram.smallest <= histogram.median <= histogram.p95 <= histogram.largest
    assert 0 <= histogram.position(histogram.median) <= histogram.position(histogram.p95) <= 1


def test_whole_numbers_have_whole_edges():
    histogram = histogram_of(np.array([0, 1, 1, 2, 5]), 1)
    assert histogram.edges == (0, 1, 2, 3, 4, 5, 6)
    assert histogram.counts == (1, 2, 1, 0, 0, 1)


def test_the_width_of_a_bin_is_a_round_number():
    histogram = histogram_of(np.linspace(0, 1000, 500), 1)
    assert histogram.edges[:3] == (0, 50, 100)


def test_one_outlier_does_not_stretch_the_axis():
    histogram = histogram_of(np.array([*range(200), 100_000]), 1)
    assert histogram.edges[-1] < 300
    assert histogram.counts[-1] >= 1
    assert histogram.largest == 100_000


def test_no_values_give_no_histogram():
    assert histogram_of(np.array([]), 1) is None


@pytest.mark.parametrize("value", [0.0, 0.5, 7.0])
def test_equal_values_share_a_bin(value):
    assert max(histogram_of(np.full(9, value), 0.01).counts) == 9
