"""Tests of runs that are resumed with another number of ranks, from two to one and from one to two."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from tests.support.corpora import write_corpus
from tests.trainer.launches import SMALL, rows, run_many

RECORDED_RUNS = Path(__file__).parents[1] / "recorded_runs.py"
STAGES = (1, 2, 3)


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """Returns the directory of the runs of each stage.

    `whole` has six steps on two ranks. `2 to 1` and `1 to 2` change the number of ranks after three steps.
    """
    base = tmp_path_factory.mktemp("runs")
    write_corpus(base / "OUT", pages=30, words=40, long_side=256)

    def plan(kind: str, steps: int, *more: str, dtype: str = "fp32") -> dict[str, list[str]]:
        common = ["--corpus", str(base / "OUT"), *SMALL, "model.dropout=0", "--save_every", "3", "--dtype", dtype]
        return {
            f"{kind} {stage}": [
                *(*common, "--output", str(base / f"{kind} {stage}"), "--zero_stage", str(stage)),
                *("--max_steps", str(steps), *more),
            ]
            for stage in STAGES
        }

    changed = ("--change_ranks", "true")
    on_one_rank = plan("1 to 2", 3)
    codes = run_many(on_one_rank, 1, base, RECORDED_RUNS)[0]
    on_two_ranks = plan("whole", 6) | plan("2 to 1", 3) | plan("1 to 2", 6, *changed)
    codes |= run_many(on_two_ranks, 2, base, RECORDED_RUNS)[0]
    codes |= run_many(plan("2 to 1", 6, *changed), 1, base, RECORDED_RUNS)[0]
    assert set(codes.values()) == {0}
    return base


@pytest.mark.parametrize("kind", ["2 to 1", "1 to 2"])
@pytest.mark.parametrize("stage", STAGES)
def test_the_losses_are_close_to_those_of_a_run_that_kept_its_ranks(runs, kind, stage):
    names = ("step", "samples", "batch_id", "lr")
    changed, whole = runs / f"{kind} {stage}", runs / f"whole {stage}"
    assert rows(changed, *names) == rows(whole, *names)
    for name in ("loss", "grad_norm"):
        expected = [row[name] for row in rows(whole)]
        assert [row[name] for row in rows(changed)] == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("kind", ["2 to 1", "1 to 2"])
@pytest.mark.parametrize("stage", STAGES)
def test_weights_and_moments_are_loaded_bit_for_bit(runs, kind, stage):
    saved, loaded = (torch.load(runs / f"{kind} {stage}" / f"{name}-3.pt") for name in ("saved", "loaded"))
    assert saved.keys() == loaded.keys()
    assert [name for name, value in saved.items() if not torch.equal(value, loaded[name])] == []
