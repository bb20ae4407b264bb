"""Tests of the settings that a run records, and of what it says when they change."""

from __future__ import annotations

import pytest

from trainer.run.records.history import record_settings
from trainer.settings.pretrain import PretrainConfig
from trainer.settings.reading.loading import load_config


def tiny(*overrides: str) -> PretrainConfig:
    return load_config("tiny", overrides=["output=RUN", *overrides])


def recorded(path) -> list[str]:
    return [line for line in (path / "config.yaml").read_text().splitlines() if line.startswith("#")]


def test_the_first_start_and_a_start_with_the_same_settings_report_no_change(tmp_path):
    assert record_settings(tiny(), tmp_path, step=0) == []
    assert record_settings(tiny(), tmp_path, step=250) == []
    assert recorded(tmp_path) == []


def test_all_changes_since_the_first_start_stay_in_the_file_which_can_be_used_as_a_config(tmp_path):
    record_settings(tiny(), tmp_path, step=0)
    record_settings(tiny("save_every=50"), tmp_path, step=250)
    later = tiny("save_every=50", "model.dropout=0.2", "seed=7")
    assert record_settings(later, tmp_path, step=500) == ["model.dropout was 0.0, is 0.2", "--seed was 0, is 7"]
    assert recorded(tmp_path) == [
        "# from step 251: --save_every was 250, is 50",
        "# from step 501: model.dropout was 0.0, is 0.2",
        "# from step 501: --seed was 0, is 7",
    ]
    assert load_config("small", str(tmp_path / "config.yaml")) == later


def test_the_jump_of_the_learning_rate_is_reported_if_a_finished_run_is_extended(tmp_path):
    record_settings(tiny("max_steps=1000"), tmp_path, step=0)
    _, jump = record_settings(tiny("max_steps=2000"), tmp_path, step=1000)
    assert "jumps from 2.0e-03 in step 1000 to 1.3e-02 in step 1001" in jump


def test_a_change_that_moves_the_learning_rate_little_is_not_a_jump(tmp_path):
    record_settings(tiny("max_steps=1000"), tmp_path, step=0)
    assert record_settings(tiny("max_steps=1010"), tmp_path, step=500) == ["--max_steps was 1000, is 1010"]


@pytest.mark.parametrize("text", ["", "[1, 2]", "optimizer: 3\nmax_steps: 5", "a: [", "optimizer: {wings: 2}"])
def test_settings_of_the_last_start_that_cannot_be_read_do_not_stop_the_run(tmp_path, text):
    (tmp_path / "config.yaml").write_text(text)
    record_settings(tiny(), tmp_path, step=250)
    assert load_config("small", str(tmp_path / "config.yaml")) == tiny()
