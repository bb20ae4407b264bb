"""A new task in one file, `count_words`, runs through the training loop, log, evaluation and plot of the trainer."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.corpora import write_corpus
from tests.trainer.launches import SMALL, launcher, rows, run, validation_rows
from trainer.model.export import load_model

COUNT_WORDS = Path(__file__).with_name("count_words.py")


@pytest.fixture(scope="module")
def run_dir(tmp_path_factory) -> Path:
    """The directory of a run of 20 steps on two ranks."""
    base = tmp_path_factory.mktemp("toy")
    write_corpus(base / "OUT", pages=24, words=12, long_side=64)
    flags = ["--max_steps", "20", "--val_share", "0.3", "--val_every", "10", "optimizer.warmup_steps=2"]
    paths = ["--corpus", str(base / "OUT"), "--output", str(base / "RUN")]
    done = run([*launcher(2), str(COUNT_WORDS), *paths, *SMALL, *flags], base)
    assert done.returncode == 0, done.stdout
    assert "count " in done.stdout
    return base / "RUN"


def test_the_log_has_only_the_columns_of_the_task(run_dir):
    for row in rows(run_dir):
        assert [name for name in row if name.startswith(("loss", "acc"))] == ["loss", "loss_count", "acc_count"]
        assert row["loss"] == row["loss_count"]
    assert [row["step"] for row in validation_rows(run_dir)] == [10, 20]
    assert all("val_acc_count" in row for row in validation_rows(run_dir))


def test_the_loss_falls(run_dir):
    losses = [row["loss_count"] for row in rows(run_dir)]
    assert len(losses) == 20
    assert sum(losses[-5:]) < 0.8 * sum(losses[:5])


def test_the_run_ends_with_a_plot_and_a_model_without_heads(run_dir):
    assert (run_dir / "loss.png").is_file()
    assert load_model(run_dir / "model")[0].heads is None
