"""Tests of the log of a run."""

from __future__ import annotations

import json
import logging
import math

import pytest

from trainer.run.records.log import RunLog, read_log

ROW = {
    "step": 20,
    "loss": 3.5,
    "loss_denoise": 2.0,
    "loss_line": 1.0,
    "loss_grid": 0.5,
    "acc_denoise": 0.25,
    "acc_line": 0.5,
    "acc_grid": 0.125,
    "samples": 640,
    "batch_id": "0123456789abcdef",
    "lr": 1e-3,
    "grad_norm": 0.75,
    "step_s": 2.0,
    "pages_per_s": 16.0,
    "tokens_per_s": 12345.6,
    "tflops": 0.5,
    "mfu": 0.25,
    "data_wait": 0.01,
    "memory_gb": 1.5,
}


def _log(run_dir, resume_step=0, tensorboard=False) -> RunLog:
    return RunLog(run_dir, max_steps=1820, resume_step=resume_step, tensorboard=tensorboard)


def test_rows_are_read_as_they_were_written(tmp_path):
    with _log(tmp_path) as log:
        log.training(ROW)
    assert read_log(tmp_path) == [ROW]


def test_a_step_is_one_readable_line(tmp_path, caplog):
    with caplog.at_level(logging.INFO, "trainer"), _log(tmp_path) as log:
        log.training(ROW)
        log.training({name: value for name, value in ROW.items() if name != "mfu"})
        log.training({**ROW, "loss": math.nan, "grad_norm": math.inf})
    start = "step   20/1820  loss 3.500  denoise 2.000 (25%)  line 1.000 (50%)  grid 0.500 (12%)  lr 1.0e-3  "
    assert caplog.messages == [
        start + "grad 0.75  16.0 pages/s  mfu 25%  data 1%  1h00m left",
        start + "grad 0.75  16.0 pages/s  data 1%  1h00m left",
        start.replace("loss 3.500", "loss nan") + "grad inf  16.0 pages/s  mfu 25%  data 1%  1h00m left",
    ]


def test_an_evaluation_says_whether_it_is_on_pages_or_on_items(caplog):
    row = {"step": 20, "val_pages": 3, "val_loss": 1.0, "val_loss_line": 1.0, "val_acc_line": 0.5}
    with caplog.at_level(logging.INFO, "trainer"):
        RunLog(None, max_steps=20, resume_step=0, tensorboard=False).validation(row)
        RunLog(None, max_steps=20, resume_step=0, tensorboard=False, unit="items").validation(row)
    assert caplog.messages == [
        f"step 20 on 3 held-out {unit}  loss 1.000  line 1.000 (50.0%)" for unit in ("pages", "items")
    ]


def test_the_line_of_a_long_and_fast_run_fits_160_columns(tmp_path, caplog):
    large = {"loss": 34.567, "loss_denoise": 10.908, "loss_line": 11.197, "loss_grid": 12.556, "grad_norm": 1234.5}
    fast = {
        "acc_line": 1.0,
        "acc_grid": 1.0,
        "pages_per_s": 123_456.7,
        "tflops": 31_234.5,
        "data_wait": 0.99,
        "memory_gb": 139.4,
    }
    row = {**ROW, **large, **fast, "step": 500_000, "step_s": 1.6}
    with (
        caplog.at_level(logging.INFO, "trainer"),
        RunLog(None, max_steps=10**6, resume_step=0, tensorboard=False) as log,
    ):
        log.training(row)
    assert caplog.messages == [
        "step  500000/1000000  loss 34.57  denoise 10.91 (25%)  line 11.20 (100%)  grid 12.56 (100%)  lr 1.0e-3  "
        "grad 1234  123457 pages/s  mfu 25%  data 99%  9d06h left"
    ]
    assert len(caplog.messages[0]) <= 160


def test_a_resumed_run_drops_the_rows_that_it_repeats(tmp_path):
    with _log(tmp_path) as log:
        for step in (10, 20, 30):
            log.training({**ROW, "step": step})
    with _log(tmp_path, resume_step=20) as log:
        log.training({**ROW, "step": 30, "loss": 9.0})
    assert [(row["step"], row["loss"]) for row in read_log(tmp_path)] == [(10, 3.5), (20, 3.5), (30, 9.0)]


def test_an_incomplete_line_of_a_killed_run_is_ignored(tmp_path):
    (tmp_path / "log.jsonl").write_text(json.dumps(ROW) + '\n{"step": 30, "lo')
    assert read_log(tmp_path) == [ROW]


def test_only_the_rank_with_a_directory_writes(tmp_path):
    with _log(None, tensorboard=True) as log:
        log.training(ROW)
    assert not list(tmp_path.iterdir())


def test_tensorboard_contains_every_number(tmp_path):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    with _log(tmp_path, tensorboard=True) as log:
        log.training(ROW)
    events = EventAccumulator(str(tmp_path / "tensorboard")).Reload()
    assert set(events.Tags()["scalars"]) == {name for name, value in ROW.items() if isinstance(value, float)}
    (event,) = events.Scalars("acc_grid")
    assert (event.step, event.value) == (20, 0.125)


@pytest.mark.parametrize("line", [b"", b"{", b"7", b"{}", b"\xff\x00"])
def test_a_run_can_be_resumed_if_a_line_of_its_log_is_not_a_row(tmp_path, line):
    row = json.dumps(ROW).encode()
    (tmp_path / "log.jsonl").write_bytes(row + b"\n" + line + b"\n" + row + b"\n")
    with _log(tmp_path, resume_step=20) as log:
        log.training({**ROW, "step": 30})
    assert [row["step"] for row in read_log(tmp_path)] == [20, 20, 30]
