"""Tests of the records of bad samples and of skipped steps."""

from __future__ import annotations

import json
import logging
import math

import pytest

from schemas import FolioError
from trainer.engine.guarded_adamw import is_usable
from trainer.engine.step import SkippedBatch, StepResult
from trainer.run.records.incidents import BAD_SAMPLES, SHOWN, SKIPPED_STEPS, BadSamples, SkippedSteps
from trainer.run.records.log import read_rows


def _step(skipped: bool, grad_norm: float = math.inf) -> StepResult:
    pages = SkippedBatch(keys=["a", "b"], suspects=["b"]) if skipped else None
    work = {"tokens": 1.0, "positions": 1.0, "flops": 1.0, "data_wait_s": 0.0}
    return StepResult(metrics={"loss": 2.0}, grad_norm=grad_norm, **work, stop=False, bad=[], skipped=pages)


def test_only_skipped_steps_in_a_row_stop_a_run():
    steps = SkippedSteps(None, max_in_a_row=2, resume_step=0)
    for number, skipped in enumerate([True, False, True]):
        steps.note(number, _step(skipped))
    with pytest.raises(
        FolioError, match=r"step 7: loss 2, gradient norm inf: 2 steps skipped in a row \(--max_skipped\)"
    ):
        steps.note(7, _step(True))


@pytest.mark.parametrize(
    ("norm", "advice"),
    [(1e9, "pass a larger --skip_grad_norm"), (math.inf, "delete the newest checkpoint in RUN/checkpoints")],
)
def test_the_advice_depends_on_the_reason_for_the_skipped_steps(norm, advice):
    with pytest.raises(FolioError, match=advice):
        SkippedSteps(None, max_in_a_row=1, resume_step=0).note(1, _step(True, norm))


def test_a_resumed_run_drops_the_skipped_steps_that_it_repeats(tmp_path):
    steps = SkippedSteps(tmp_path, max_in_a_row=9, resume_step=0)
    for number in (3, 8, 12):
        steps.note(number, _step(True))
    again = SkippedSteps(tmp_path, max_in_a_row=9, resume_step=10)
    assert again.total == 2
    again.note(12, _step(True))
    rows = [json.loads(line) for line in (tmp_path / SKIPPED_STEPS).read_text().splitlines()]
    assert [row["step"] for row in rows] == [3, 8, 12]
    assert rows[-1] == {"step": 12, "loss": 2.0, "grad_norm": None, "keys": ["a", "b"], "suspects": ["b"]}


@pytest.mark.parametrize(
    ("norm", "limit", "usable"),
    [(5.0, 0.0, True), (5.0, 5.0, True), (5.1, 5.0, False), (math.inf, 0.0, False), (math.nan, 5.0, False)],
)
def test_a_gradient_is_usable_if_it_is_finite_and_within_the_limit(norm, limit, usable):
    assert is_usable(norm, limit) == usable


def test_a_resumed_run_continues_the_count_and_drops_the_bad_samples_that_it_repeats(tmp_path):
    first = BadSamples(tmp_path, resume_step=0)
    for step in (3, 8, 12):
        first.note(step, ["a in corpus-00000: torn", "b in corpus-00001: torn"])
    assert first.total == 6
    again = BadSamples(tmp_path, resume_step=10)
    assert again.total == 4
    again.note(11, [])
    again.note(12, ["c in corpus-00000: torn"])
    assert again.total == 5
    steps = [row["step"] for row in read_rows(tmp_path / BAD_SAMPLES)]
    assert steps == [3, 3, 8, 8, 12]


def test_the_first_few_bad_samples_are_logged_and_all_are_counted(tmp_path, caplog):
    bad = BadSamples(tmp_path, resume_step=0)
    with caplog.at_level(logging.WARNING, "trainer"):
        for step in range(1, 31):
            bad.note(step, [f"page-{step} in corpus-00000: torn"])
    assert bad.total == 30
    assert len(caplog.messages) == SHOWN
    assert caplog.messages[-1].endswith(f"({tmp_path / BAD_SAMPLES} lists all): page-{SHOWN} in corpus-00000: torn")


def test_other_ranks_neither_record_nor_log_bad_samples(tmp_path, caplog):
    BadSamples(None, resume_step=0).note(1, ["a in corpus-00000: torn"])
    assert not caplog.messages
