"""The learning rate of an arm is chosen by validation scores, never by those of the test."""

from __future__ import annotations

import json

import pytest

from benchmarks.transfer.__main__ import arms_tried, best_rate, choice_runs, test_runs
from benchmarks.transfer.arms import ARMS
from benchmarks.transfer.pretraining import Pretraining
from benchmarks.transfer.runs import LEARNING_RATES, Run, Study
from benchmarks.transfer.scored_tasks import TASKS

TASK = TASKS["cord-r"]
FEW, ALL = TASK.documents[0], TASK.documents[-1]
test_runs.__test__ = False  # it is no test of pytest


@pytest.fixture
def study(tmp_path) -> Study:
    """A study in which the arm `none` has been tried."""
    found = Study(Pretraining((), "tiny", 1, tmp_path, 1), tmp_path)
    for run in choice_runs(TASK, ARMS["none"]):
        score = {FEW: 0.5, ALL: 0.5}[run.documents]
        if run.learning_rate == LEARNING_RATES[0]:
            score = {FEW: 0.1, ALL: 0.8}[run.documents]
        elif run.learning_rate == LEARNING_RATES[1]:
            score = {FEW: 0.4, ALL: 0.7}[run.documents]
        write_scores(found, run, score)
    return found


def write_scores(study: Study, run: Run, score: float) -> None:
    study.directory(run).mkdir(parents=True)
    (study.directory(run) / "scores.json").write_text(json.dumps({"scores": {"f1": score}}))


def test_the_rate_with_the_best_mean_over_few_and_all_documents_is_used(study):
    assert best_rate(study, TASK, "none") == LEARNING_RATES[1]
    runs = [run for _, _, run in test_runs(study, [TASK], [ARMS["none"], ARMS["none-3x"]], 2, [FEW])]
    assert {(run.arm, run.seed, run.learning_rate, run.documents) for run in runs} == {
        (arm, seed, LEARNING_RATES[1], FEW) for arm in ("none", "none-3x") for seed in (0, 1)
    }
    assert not any(run.is_choice for run in runs)


def test_an_arm_that_has_not_been_tried_is_named(study):
    assert arms_tried(study, TASK, [ARMS["none"], ARMS["none-3x"], ARMS["all"]]) == [ARMS["none"], ARMS["none-3x"]]
    with pytest.raises(ValueError, match="--arms: add all, whose learning rate is needed for cord-r"):
        best_rate(study, TASK, "all")
