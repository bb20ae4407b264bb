"""Tests of the learning-rate schedule."""

from __future__ import annotations

from itertools import pairwise

import pytest

from trainer.engine.schedule import learning_rate
from trainer.settings.optimizer import OptimizerConfig

SETTINGS = OptimizerConfig(learning_rate=1.0, warmup_steps=10, final_lr_share=0.1)


def test_the_learning_rate_rises_to_its_peak_and_falls_to_the_final_share():
    rates = [learning_rate(step, 110, SETTINGS) for step in range(1, 111)]
    assert rates[0] == pytest.approx(0.1)
    assert rates[9] == max(rates) == 1.0
    assert rates[59] == pytest.approx(0.55)
    assert rates[-1] == pytest.approx(0.1)
    assert all(a > b for a, b in pairwise(rates[9:]))


def test_the_warm_up_does_not_depend_on_the_length_of_the_run():
    assert [learning_rate(s, 10, SETTINGS) for s in (1, 5, 10)] == [learning_rate(s, 999, SETTINGS) for s in (1, 5, 10)]


@pytest.mark.parametrize(("max_steps", "warmup_steps"), [(5, 0), (1000, 100), (62500, 2000)])
def test_the_default_warm_up_is_a_tenth_of_the_run_but_not_longer_than_2000_steps(max_steps, warmup_steps):
    rates = [learning_rate(step, max_steps, OptimizerConfig()) for step in range(1, max_steps + 1)]
    assert rates.index(max(rates)) == max(0, warmup_steps - 1)


def test_a_run_without_warm_up_starts_near_the_peak():
    assert learning_rate(1, 100, OptimizerConfig(learning_rate=1.0, warmup_steps=0)) > 0.99
