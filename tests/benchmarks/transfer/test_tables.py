"""The tables of `benchmarks.transfer`."""

from __future__ import annotations

import pytest

from benchmarks.transfer.arms import ARMS, PRETRAINED
from benchmarks.transfer.registry import entries_named
from benchmarks.transfer.scored_tasks import TASKS
from benchmarks.transfer.spreads import in_deviations, paired_difference, spread
from benchmarks.transfer.tables import differences_table, scores_table
from trainer.tasks.datasets import data_set_named

TASK = TASKS["cord-r"]
SCORES = {
    ("cord-r", "none", 25): {0: 0.1, 1: 0.3},
    ("cord-r", "all", 25): {0: 0.4, 1: 0.5, 2: 0.9},
}


def test_a_difference_is_paired_by_seed_and_seeds_of_one_arm_alone_do_not_count():
    difference = paired_difference(SCORES["cord-r", "all", 25], SCORES["cord-r", "none", 25])
    assert difference is not None
    assert (difference.mean, difference.seeds) == (pytest.approx(0.25), 2)  # 0.3 and 0.2
    assert in_deviations(difference) == pytest.approx(0.25 / 0.0707107)
    assert paired_difference({0: 0.5}, {1: 0.5}) is None


def test_the_deviation_is_that_of_a_sample():
    assert (spread([1.0, 3.0]).mean, spread([1.0, 3.0]).sd) == (2.0, pytest.approx(2**0.5))
    assert spread([0.5]).sd == 0


def test_a_table_has_a_row_per_arm_that_has_scores():
    table = scores_table(TASK, [ARMS["none"], ARMS["denoise"], ARMS["all"]], SCORES).splitlines()
    assert [line.split("|")[1].strip() for line in table] == ["cord-r, f1", "---", "none", "all three"]
    assert table[2].split("|")[2].strip() == "0.200 ± 0.141"


def test_differences_are_listed_where_both_arms_have_scores():
    table = differences_table([TASK], [("all", "none"), ("all", "denoise")], SCORES).splitlines()
    assert len(table) == 3
    assert "all three - none | 0.250 ± 0.071 | 3.5 | 2 |" in table[2]


def test_every_arm_starts_from_a_model_that_is_pretrained_and_uses_a_rate_that_is_chosen():
    for arm in ARMS.values():
        assert not arm.pretrained or arm.pretrained in PRETRAINED
        assert not arm.rate_of or not ARMS[arm.rate_of].rate_of


def test_an_unknown_arm_is_refused():
    with pytest.raises(ValueError, match="--arms nome: choose from none, "):
        entries_named(["none", "nome"], ARMS, "--arms")


def test_the_tests_of_the_tasks_are_splits_of_their_data_sets():
    for task in TASKS.values():
        assert task.test in data_set_named(task.name).splits[1:]
