"""The picture of a run."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import pytest

from trainer.config import load_config, save_config
from trainer.metrics import OBJECTIVES
from trainer.plot import chance_levels, main, run_labels, smooth


@pytest.fixture
def run_dir(tmp_path):
    path = tmp_path / "RUN"
    path.mkdir()
    save_config(load_config("tiny"), path / "config.yaml")
    rows = [_row(step, prefix) for step in (10, 20, 30) for prefix in ("", "val_")]
    (path / "log.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def _row(step: int, prefix: str) -> dict[str, float]:
    losses = {f"{prefix}loss_{name}": 10.0 / step for name in OBJECTIVES}
    accuracies = {f"{prefix}acc_{name}": step / 100 for name in OBJECTIVES}
    return {"step": step, f"{prefix}loss": 30.0 / step, **losses, **accuracies}


def _colours(path) -> set[tuple[int, ...]]:
    return {tuple(map(int, pixel)) for row in cv2.imread(str(path))[:, :, ::-1] for pixel in row}


def test_a_run_is_drawn_in_the_colours_of_its_objectives(run_dir):
    assert main([str(run_dir)]) == 0
    drawn = _colours(run_dir / "loss.png")
    assert {(0x1F, 0x77, 0xB4), (0xD6, 0x27, 0x28), (0x2C, 0xA0, 0x2C), (0x22, 0x22, 0x22)} <= drawn


def test_runs_are_compared_in_one_picture(run_dir, tmp_path):
    assert main([str(run_dir), str(run_dir), "--output", str(tmp_path / "both.png")]) == 0
    assert cv2.imread(str(tmp_path / "both.png")).shape[1] > 1000
    assert not (run_dir / "loss.png").exists()


def test_runs_are_told_apart_by_name_or_where_these_are_alike_by_path():
    assert run_labels([Path("a/run")]) == [""]
    assert run_labels([Path("a/one"), Path("b/two")]) == [" one", " two"]
    assert run_labels([Path("a/run"), Path("b/run")]) == [" a/run", " b/run"]


def test_a_loss_that_was_not_finite_leaves_a_gap_in_the_curve_alone(run_dir):
    broken = {**_row(40, ""), "loss": None, "loss_line": None}
    with (run_dir / "log.jsonl").open("a") as log:
        log.write(json.dumps(broken) + "\n")
    assert main([str(run_dir)]) == 0


def test_chance_is_one_in_three_lines_and_one_in_sixteen_cells(run_dir):
    assert chance_levels(run_dir) == {"line": 1 / 3, "grid": 1 / 16}


def test_a_curve_is_smoothed_by_what_came_before():
    assert smooth([4.0, 0.0, 2.0, 6.0], 2) == [4.0, 2.0, 1.0, 4.0]
    assert smooth([4.0, 0.0], 1) == [4.0, 0.0]


@pytest.mark.parametrize(("text", "message"), [(None, "holds no log.jsonl"), ("", "has no row yet")])
def test_a_run_without_rows_is_refused(run_dir, caplog, text, message):
    (run_dir / "log.jsonl").unlink()
    if text is not None:
        (run_dir / "log.jsonl").write_text(text)
    assert main([str(run_dir)]) == 2
    assert message in caplog.messages[-1]
