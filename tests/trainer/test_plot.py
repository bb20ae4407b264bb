"""Tests of the picture of a run."""

from __future__ import annotations

import json
import math
import shutil
from pathlib import Path

import cv2
import pytest

from trainer.plot import main
from trainer.run.records.curves import draw_runs, run_labels, smooth, ways_to_guess
from trainer.settings.reading.loading import load_config, to_yaml

NAMES = ("denoise", "line", "grid")


@pytest.fixture
def run_dir(tmp_path):
    path = tmp_path / "RUN"
    path.mkdir()
    (path / "config.yaml").write_text(to_yaml(load_config("tiny")))
    rows = [_row(step, prefix) for step in (10, 20, 30) for prefix in ("", "val_")]
    (path / "log.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def _row(step: int, prefix: str) -> dict[str, float]:
    losses = {f"{prefix}loss_{name}": 10.0 / step for name in NAMES}
    accuracies = {f"{prefix}acc_{name}": step / 100 for name in NAMES}
    return {"step": step, f"{prefix}loss": 30.0 / step, **losses, **accuracies}


def _colours(path) -> set[tuple[int, ...]]:
    return {tuple(map(int, pixel)) for row in cv2.imread(str(path))[:, :, ::-1] for pixel in row}


def test_a_run_is_drawn_in_the_colours_of_its_objectives(run_dir):
    assert main([str(run_dir)]) == 0
    drawn = _colours(run_dir / "loss.png")
    assert {(0x1F, 0x77, 0xB4), (0xD6, 0x27, 0x28), (0x2C, 0xA0, 0x2C), (0x22, 0x22, 0x22)} <= drawn


def test_several_runs_are_drawn_in_one_picture(run_dir, tmp_path):
    assert main([str(run_dir), str(run_dir), "--output", str(tmp_path / "both.png")]) == 0
    assert cv2.imread(str(tmp_path / "both.png")).shape[1] > 1000
    assert not (run_dir / "loss.png").exists()


def test_runs_are_labelled_by_name_or_by_path_if_names_are_equal():
    assert run_labels([Path("a/run")]) == [""]
    assert run_labels([Path("a/one"), Path("b/two")]) == [" one", " two"]
    assert run_labels([Path("a/run"), Path("b/run")]) == [" a/run", " b/run"]


def test_a_loss_that_is_not_finite_is_a_gap_in_the_curve(run_dir):
    broken = {**_row(40, ""), "loss": None, "loss_line": None}
    with (run_dir / "log.jsonl").open("a") as log:
        log.write(json.dumps(broken) + "\n")
    assert main([str(run_dir)]) == 0


def test_the_chance_level_is_one_in_three_for_lines_and_one_in_sixteen_for_cells(run_dir):
    assert ways_to_guess(run_dir) == {"line": 3, "grid": 16}


def test_each_grid_size_of_the_runs_has_its_own_labelled_line_of_chance(run_dir, tmp_path):
    other = tmp_path / "OTHER"
    shutil.copytree(run_dir, other)
    config = load_config("tiny", overrides=["model.grid_rows=2", "model.grid_cols=3"])
    (other / "config.yaml").write_text(to_yaml(config))
    for axes, height in zip(draw_runs([run_dir, other, run_dir]).axes, (math.log, lambda ways: 1 / ways), strict=True):
        labels = {text.get_text(): text.get_position()[1] for text in axes.texts}
        expected = {"line by chance, 1 in 3": 3, "grid by chance, 1 in 6": 6, "grid by chance, 1 in 16": 16}
        assert labels == {name: pytest.approx(height(ways)) for name, ways in expected.items()}
        drawn = {line.get_ydata()[0] for line in axes.lines if len(set(line.get_ydata())) == 1}
        assert drawn >= set(labels.values())


def test_the_objectives_of_another_task_are_read_from_its_log(run_dir):
    row = {"step": 10, "loss": 3.0, "loss_answer": 3.0, "acc_answer": 0.5}
    (run_dir / "log.jsonl").write_text(json.dumps(row) + "\n")
    losses, accuracies = draw_runs([run_dir]).axes
    assert [text.get_text() for text in losses.get_legend().texts] == ["total", "answer"]
    assert [text.get_text() for text in accuracies.get_legend().texts] == ["answer"]
    assert not losses.texts, "chance is drawn only for objectives in the log"


def test_a_single_logged_step_is_marked_with_crosses(run_dir):
    (run_dir / "log.jsonl").write_text(json.dumps(_row(10, "")) + "\n")
    figure = draw_runs([run_dir])
    for axes, curves in zip(figure.axes, (4, 3), strict=True):
        marked = [line for line in axes.lines if line.get_marker() == "x"]
        assert [list(line.get_xdata()) for line in marked] == [[10]] * curves


def test_a_curve_of_many_steps_has_no_crosses(run_dir):
    (run_dir / "log.jsonl").write_text("".join(json.dumps(_row(step, "")) + "\n" for step in range(1, 20)))
    assert not [line for axes in draw_runs([run_dir]).axes for line in axes.lines if line.get_marker() == "x"]


def test_the_axis_has_only_whole_steps(run_dir):
    for steps in ([1], [1, 2], [1, 2, 3, 4]):
        (run_dir / "log.jsonl").write_text("".join(json.dumps(_row(step, "")) + "\n" for step in steps))
        for axes in draw_runs([run_dir]).axes:
            assert all(tick == int(tick) for tick in axes.get_xticks())


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("nodir/x.png", "cannot be written: No such file or directory"),
        ("x.foo", "must end in one of .png, .svg, .pdf"),
        ("x", "must end in one of .png, .svg, .pdf"),
    ],
)
def test_a_picture_that_cannot_be_written_is_refused(run_dir, tmp_path, caplog, name, message):
    assert main([str(run_dir), "--output", str(tmp_path / name)]) == 2
    assert caplog.messages[-1] == f"error: --output {tmp_path / name} {message}"


@pytest.mark.parametrize("text", [None, "", "- 1", "a: [", "model: {line_classes: 3}"])
def test_a_run_without_its_settings_is_refused(run_dir, caplog, text):
    (run_dir / "config.yaml").unlink()
    if text is not None:
        (run_dir / "config.yaml").write_text(text)
    assert main([str(run_dir)]) == 2
    assert "config.yaml cannot be read: pass the --output directory of a run" in caplog.messages[-1]


def test_a_curve_is_smoothed_by_the_previous_values():
    assert smooth([4.0, 0.0, 2.0, 6.0], 2) == [4.0, 2.0, 1.0, 4.0]
    assert smooth([4.0, 0.0], 1) == [4.0, 0.0]


@pytest.mark.parametrize(("text", "message"), [(None, "contains no log.jsonl"), ("", "has no row yet")])
def test_a_run_without_rows_is_refused(run_dir, caplog, text, message):
    (run_dir / "log.jsonl").unlink()
    if text is not None:
        (run_dir / "log.jsonl").write_text(text)
    assert main([str(run_dir)]) == 2
    assert message in caplog.messages[-1]
