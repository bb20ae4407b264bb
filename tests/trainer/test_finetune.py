"""Fine-tuning by the real launcher, and evaluation of its model by the official metric."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.trainer.forms import write_funsd
from tests.trainer.launches import only_rank, rows, run_many, validation_rows
from trainer import evaluate, finetune

MODEL = (
    *("--model", "none", "--size", "tiny", "model.d_model=32", "model.d_ff=64", "model.heads=2"),
    *("model.encoder_layers=1", "model.decoder_layers=1", "model.image_height=64", "model.image_width=96"),
)
RUN = (
    *("--task", "funsd", "--global_batch", "4", "--micro_batch", "2", "--log_every", "1", "--tensorboard", "false"),
    *("--workers", "0", "--val_share", "0.25", "optimizer.learning_rate=3e-2", "optimizer.warmup_steps=10"),
    "optimizer.final_lr_share=1",  # the rate does not depend on --max_steps
)
CHANGED = ("--ocr_noise", "0.3", "--boxes", "removed")


@pytest.fixture(scope="module")
def forms(tmp_path_factory) -> Path:
    return write_funsd(tmp_path_factory.mktemp("FUNSD"))


@pytest.fixture(scope="module")
def cache(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="module")
def runs(forms, cache, tmp_path_factory) -> Path:
    """Runs on two ranks: one as a whole, one in two parts, one with ZeRO 3, and two on changed pages."""
    folder = tmp_path_factory.mktemp("runs")
    common = [*RUN, *MODEL, "--data", str(forms), "--cache_dir", str(cache)]

    def line(name: str, *flags: str) -> list[str]:
        return [*common, "--output", str(folder / name), *flags]

    lines = {
        "whole": line("whole", "--max_steps", "40", "--val_every", "20"),
        "first part": line("parts", "--max_steps", "20", "--val_every", "20", "--save_every", "10"),
        "second part": line("parts", "--max_steps", "40", "--val_every", "20", "--save_every", "10"),
        "changed pages": line("changed", "--max_steps", "20", "--val_every", "20", *CHANGED),
        "changed, first part": line("changed_parts", "--max_steps", "10", "--val_every", "10", *CHANGED),
        "changed, second part": line("changed_parts", "--max_steps", "20", "--val_every", "20", *CHANGED),
        "zero 3": line("zero3", "--max_steps", "20", "--val_every", "20", "--zero_stage", "3"),
    }
    codes, log = run_many(lines, 2, folder)
    assert set(codes.values()) == {0}, log
    return folder


def score(*flags: str, capsys) -> dict[str, float]:
    capsys.readouterr()
    assert evaluate.main(list(flags)) == 0
    found = capsys.readouterr()
    assert re.search(r"predicted (\d+)/\1 items, [\d.]+ items/s, ETA 0s", found.err)
    return json.loads(found.out)


def test_the_model_learns_the_labels_of_words(runs):
    first, last = validation_rows(runs / "whole")[0], validation_rows(runs / "whole")[-1]
    assert last["val_f1"] > 0.9
    assert {"val_loss_tags", "val_precision", "val_recall"} <= first.keys()
    assert rows(runs / "whole")[-1]["loss_tags"] < rows(runs / "whole")[0]["loss_tags"] / 3


def test_a_run_in_two_parts_equals_a_whole_one(runs):
    names = ("step", "loss", "loss_tags", "acc_tags", "batch_id", "lr")
    assert rows(runs / "parts", *names) == rows(runs / "whole", *names)
    assert json.loads((runs / "parts/best.json").read_text()) == json.loads((runs / "whole/best.json").read_text())


def test_zero_3_learns_the_same(runs):
    ours = [row["loss"] for row in rows(runs / "zero3")]
    assert ours == pytest.approx([row["loss"] for row in rows(runs / "whole")][:20], rel=1e-3)


def test_the_best_model_is_exported_with_its_task(runs):
    best = json.loads((runs / "whole/best.json").read_text())
    values = {row["step"]: row["val_f1"] for row in validation_rows(runs / "whole")}
    assert best["metric"] == "f1"
    assert best["value"] == pytest.approx(max(values.values()))
    assert best["step"] == min(step for step, value in values.items() if value == max(values.values()))
    assert json.loads((runs / "whole/model/config.json").read_text())["steps"] == best["step"]
    assert json.loads((runs / "whole/model/task.json").read_text())["task"] == "funsd"


def test_evaluate_scores_the_test_split_and_writes_the_predictions(runs, forms, cache, tmp_path, capsys):
    flags = ["--task", "funsd", "--data", str(forms), "--split", "test", "--cache_dir", str(cache)]
    output = tmp_path / "predictions.jsonl"
    scores = score(*flags, "--model", str(runs / "whole"), "--output", str(output), capsys=capsys)
    assert scores["f1"] > 0.9
    lines = [json.loads(line) for line in output.read_text().splitlines()]
    assert [line["id"] for line in lines] == sorted(line["id"] for line in lines)
    for line in lines:
        assert len(line["prediction"][0]) == len(line["annotation"]["labels"][0])
    assert score(*flags, "--model", str(runs / "zero3/model"), capsys=capsys).keys() == scores.keys()


def test_a_run_on_changed_pages_in_two_parts_equals_a_whole_one(runs):
    names = ("step", "loss", "acc_tags", "batch_id")
    assert rows(runs / "changed_parts", *names) == rows(runs / "changed", *names)
    assert rows(runs / "changed", "loss") != rows(runs / "whole", "loss")[:20]


def test_evaluate_shows_what_a_model_owes_to_exact_words_and_to_their_places(runs, forms, cache, capsys):
    flags = ["--task", "funsd", "--data", str(forms), "--split", "test", "--cache_dir", str(cache)]

    def f1(run: str, *changes: str) -> float:
        return score(*flags, "--model", str(runs / run), *changes, capsys=capsys)["f1"]

    assert f1("whole", "--ocr_noise", "0.5") < 0.9, "with exact words it is more"
    assert f1("changed") == f1("changed", "--boxes", "shuffled"), "it never sees boxes"


def test_a_run_is_not_resumed_with_other_changes_of_pages(runs, forms, cache, caplog):
    flags = [*RUN, *MODEL, "--data", str(forms), "--cache_dir", str(cache), "--max_steps", "21", "--change_ranks=true"]
    assert finetune.main([*flags, "--output", str(runs / "changed")]) == 2
    assert "--boxes was 'removed', is 'kept'; --ocr_noise was 0.3, is 0.0" in caplog.text


def test_a_run_starts_from_the_best_weights_of_another_one_with_its_head(runs, forms, cache, tmp_path, caplog):
    flags = [*RUN, "--data", str(forms), "--cache_dir", str(cache), "--max_steps", "1", "--val_every", "1"]
    model = str(runs / "whole")
    with only_rank(), caplog.at_level("INFO", "trainer"):
        assert finetune.main([*flags, "--model", model, "--output", str(tmp_path / "run")]) == 0
    assert rows(tmp_path / "run")[0]["loss_tags"] < 0.5
    assert f"starts from the weights of {runs}/whole/model" in caplog.text


def test_a_run_is_not_resumed_with_other_items(runs, forms, cache, caplog):
    flags = [*RUN, *MODEL, "--data", str(forms), "--cache_dir", str(cache), "--max_steps", "41"]
    flags += ["--output", str(runs / "parts"), "--change_ranks=true"]
    assert finetune.main([*flags, "--train_documents", "3"]) == 2
    assert "the items to train on have changed (--data, --train_split, --val_share or --train_documents)" in caplog.text
    assert f"pass --model {runs / 'parts'}." in caplog.text


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--task", "funsd"], "--model is missing: name an exported model or a run, or none for an untrained model"),
        (["--task", "fund", "--model", "none", "--data", "x"], "--task fund: choose one of "),
        (["--task", "funsd", "--model", "none"], "--data is missing"),
        (["--task", "funsd", "--model", "none", "--data", "absent"], "--data absent is not a folder"),
        (["--task", "funsd", "--model", "none", "--size", "huge"], "--size huge: choose one of tiny, small"),
        (["--task", "funsd", "--model", "."], "--model . contains no config.json"),
        (["--task", "funsd", "--model", "none", "--val_share", "0"], "--val_share must be above 0 and below 1, got 0"),
        (["--task", "funsd", "--model", "none", "--max_target_tokens", "1"], "leaves no room for an answer"),
        (["--task", "funsd", "--model", "none", "--ocr_noise", "2"], "--ocr_noise must be from 0 to 1, got 2"),
        (["--task", "funsd", "--model", "none", "--boxes", "no"], "--boxes must be kept or removed, got no"),
        (["--corpus", "x"], "unknown flag --corpus"),
    ],
)
def test_a_wrong_command_line_is_refused_in_a_sentence(flags, message, tmp_path, caplog):
    assert finetune.main([*flags, "--output", str(tmp_path / "run")]) == 2
    assert message in caplog.text
    assert not (tmp_path / "run").exists()


def test_a_folder_with_another_layout_is_refused_with_what_was_found(tmp_path, caplog):
    (tmp_path / "FUNSD/images").mkdir(parents=True)
    flags = ["--task", "funsd", "--model", "none", "--data", f"{tmp_path}/FUNSD", "--output", f"{tmp_path}/run"]
    assert finetune.main([*flags, "--cache_dir", f"{tmp_path}/cache"]) == 2
    assert "has no training_data/annotations: expected FUNSD: training_data/" in caplog.text
    assert "found images/" in caplog.text


def test_evaluate_refuses_a_model_of_another_task_or_without_one(runs, forms, cache, caplog):
    flags = ["--data", str(forms), "--split", "test", "--cache_dir", str(cache)]
    assert evaluate.main(["--task", "docvqa", "--model", str(runs / "whole"), *flags]) == 2
    assert "was fine-tuned for funsd, not for docvqa" in caplog.text
    assert evaluate.main(["--task", "funsd", "--model", str(forms), *flags]) == 1
    assert "has no task.json, so it was not fine-tuned: use trainer/finetune.py" in caplog.text
