"""A training command that is run twice."""

from __future__ import annotations

import json

import pytest

from tests.trainer.launches import (
    SAME,
    SMALL,
    rows,
    run_many,
)
from trainer.pretrain import main


@pytest.fixture(scope="module")
def repeated(corpus, tmp_path_factory):
    """Two runs on one rank whose commands are run twice.

    `finished` was finished the first time. The last checkpoint of `damaged` is damaged before the second time.

    Returns:
        Their parent directory, the bytes of their logs and settings after the first time, and what was printed the
        second time.
    """
    base = tmp_path_factory.mktemp("runs")

    def line(name: str, *more: str) -> list[str]:
        return ["--corpus", str(corpus), "--output", str(base / name), *SMALL, "--save_every", "2", *more]

    plan = {"finished": line("finished", "--max_steps", "2"), "damaged": line("damaged", "--max_steps", "4")}
    codes, printed = run_many(plan, 1, base)
    assert set(codes.values()) == {0}, printed
    before = {path: path.read_bytes() for path in base.glob("*/*") if path.suffix in (".yaml", ".jsonl")}
    states = base / "damaged" / "checkpoints" / "step-00000004" / "mp_rank_00_model_states.pt"
    states.write_bytes(states.read_bytes()[:-1])
    plan["finished"] += ["optimizer.learning_rate=1e-5"]
    codes, printed = run_many(plan, 1, base)
    assert set(codes.values()) == {0}, printed
    return base, before, printed


def test_a_finished_run_trains_nothing_and_keeps_its_settings(repeated, corpus, caplog):
    base, before, printed = repeated
    assert "is already at step 2: nothing to train; raise --max_steps to continue" in printed
    command = ["--corpus", str(corpus), "--output", str(base / "finished"), *SMALL]
    assert main([*command, "--max_steps", "1"]) == 2
    assert "is already at step 2, beyond --max_steps 1: pass more than 2" in caplog.messages[-1]
    files = [path for path in before if path.parent.name == "finished"]
    assert len(files) == 2 and all(path.read_bytes() == before[path] for path in files)


def test_a_run_with_a_damaged_checkpoint_resumes_from_the_previous_one(repeated):
    base, before, printed = repeated
    assert "step-00000004 is damaged: mp_rank_00_model_states.pt has changed" in printed
    assert "resumed after step 2 of 4" in printed
    log = base / "damaged" / "log.jsonl"
    assert log.read_bytes() != before[log], "steps 3 and 4 were run and timed again"
    expected = [json.loads(row) for row in before[log].splitlines()]
    assert rows(base / "damaged", *SAME) == [{name: row[name] for name in SAME} for row in expected if "loss" in row]
