"""Tests of the training program in real runs on two CPU ranks."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable

import pytest

from schemas import Corpus
from tests.support.commands import LIMIT_S
from tests.support.corpora import spoil_corpus, token_with, write_corpus
from tests.trainer.launches import (
    PRETRAIN,
    SAME,
    SMALL,
    environment,
    host_launchers,
    rows,
    run_many,
    validation_rows,
)
from tests.trainer.page_keys import all_keys, keys_read
from trainer.data.sample_order import batch_id
from trainer.model.export import load_model
from trainer.pretrain import main
from trainer.settings.reading.loading import load_config

EXPLODING = ("--max_steps", "6", "--max_skipped", "3", "optimizer.learning_rate=1e30", "optimizer.warmup_steps=0")
FAULTY = ("--max_steps", "5", "--save_every", "2", "--keep_last", "9", "--skip_grad_norm", "1000", "model.dropout=0")
FAULTY_KINDS = {
    "0": ("--zero_stage", "0"),
    "1": ("--zero_stage", "1"),
    "2": ("--zero_stage", "2"),
    "3": ("--zero_stage", "3"),
    "1 bf16": ("--zero_stage", "1", "--dtype", "bf16"),
    "3 bf16": ("--zero_stage", "3", "--dtype", "bf16"),
}


@pytest.fixture(scope="module")
def launched(corpus, tmp_path_factory):
    """Most runs on two ranks, made by a single launch.

    Returns:
        Their parent directory, their exit codes by name, and what they printed.
    """
    base = tmp_path_factory.mktemp("runs")

    def line(output: str, *more: str) -> list[str]:
        common = ["--corpus", str(corpus), "--output", str(base / output), "--val_share", "0.3", "--val_every", "3"]
        return [*common, *SMALL, "--save_every", "3", *more]

    copied = ["--upload_to", f"file://{base}/bucket"]
    write_corpus(base / "sound", pages=6, shards=1, words=20, long_side=128)
    spoil_corpus(base / "sound", base / "one bad page", {1})
    damaged = [
        "--corpus",
        str(spoil_corpus(base / "one bad page", base / "damaged corpus", {4}, token_with(cell=16))),
        "--val_share",
        "0",
    ]
    plan = {
        **_whole_and_halves(line),
        "rarely logged": line("rarely logged", "--max_steps", "6", "--log_every", "4"),
        "zero0": line("zero0", "--max_steps", "3", "--zero_stage", "0"),
        "one by one": line("one by one", "--max_steps", "3", "--micro_batch", "1", "model.dropout=0", *copied),
        "all at once": line("all at once", "--max_steps", "3", "--micro_batch", "4", "model.dropout=0"),
        "bad page": [*line("bad page", "--max_steps", "3")[2:], *damaged],
        "exploding": line("exploding", *EXPLODING),
        "dry": line("dry", "--max_steps", "1000", "--dry_run"),
        "out of time": line("out of time", "--max_steps", "6", "--max_hours", "1e-9"),
        "more time": line("out of time", "--max_steps", "6"),
        **{f"faulty {name}": line(f"faulty {name}", *words, *FAULTY) for name, words in FAULTY_KINDS.items()},
    }
    plan["whole"] += ["--peak_tflops", "1"]
    codes, printed = run_many(plan, 2, base)
    return base, codes, printed


def _whole_and_halves(line: Callable[..., list[str]]) -> dict[str, list[str]]:
    """Returns an uninterrupted and an interrupted run for each ZeRO stage and dtype."""
    plan = {}
    for name, stage in [("whole", 1), ("zero2", 2), ("zero3", 3), ("bf16", 1), ("bf16 zero2", 2), ("bf16 zero3", 3)]:
        kind = ["--zero_stage", str(stage), "--dtype", "bf16" if "bf16" in name else "fp32"]
        plan[name] = line(name, "--max_steps", "6", *kind)
        plan[f"{name} first half"] = line(f"{name} halves", "--max_steps", "3", *kind)
        plan[f"{name} second half"] = line(f"{name} halves", "--max_steps", "6", *kind)
    return plan


def test_a_run_ends_with_exit_code_0_and_prints_the_paths_of_its_results(launched):
    base, codes, printed = launched
    assert codes["whole"] == 0
    for name in ("model", "loss.png", "log.jsonl"):
        assert str(base / "whole" / name) in printed
        assert (base / "whole" / name).exists()


def test_every_logged_step_has_a_row_with_all_values(launched):
    found = rows(launched[0] / "whole")
    assert [row["step"] for row in found] == [1, 2, 3, 4, 5, 6]
    assert [row["samples"] for row in found] == [8, 16, 24, 32, 40, 48]
    for row in found:
        assert row["loss"] == pytest.approx(row["loss_denoise"] + row["loss_line"] + row["loss_grid"])
        assert all(0 <= row[name] <= 1 for name in ("acc_denoise", "acc_line", "acc_grid", "mfu", "data_wait"))
        assert all(row[name] > 0 for name in ("pages_per_s", "tokens_per_s", "tflops", "mfu", "memory_gb", "grad_norm"))


def test_without_a_peak_there_is_no_mfu_on_a_cpu(launched):
    assert not any("mfu" in row for row in rows(launched[0] / "zero0"))
    line = next(line for line in launched[2].splitlines() if line.startswith("step 1/3  loss "))
    assert "mfu" not in line


def test_a_higher_log_every_gives_fewer_but_equal_rows(launched):
    base = launched[0]
    whole = rows(base / "whole", *SAME, "grad_norm")
    assert rows(base / "rarely logged", *SAME, "grad_norm") == [whole[3], whole[5]]


def test_the_batch_id_identifies_the_pages_that_the_seed_selects(launched, corpus):
    assert rows(launched[0] / "whole")[1]["batch_id"] == batch_id(keys_read(corpus, 8, 16))


def test_held_out_pages_are_evaluated_and_never_trained_on(launched, corpus):
    held_out = {key for key in all_keys(corpus) if int(key[:16], 16) < 0.3 * 2**64}
    found = validation_rows(launched[0] / "whole")
    assert [row["step"] for row in found] == [3, 6]
    assert {row["val_pages"] for row in found} == {len(held_out)}
    for row in found:
        assert row["val_loss"] == pytest.approx(sum(row[f"val_loss_{name}"] for name in ("denoise", "line", "grid")))
        assert all(0 <= row[f"val_acc_{name}"] <= 1 for name in ("denoise", "line", "grid"))
    assert set(keys_read(corpus, 0, 60)) == all_keys(corpus) - held_out


@pytest.mark.parametrize("name", ["whole", "zero2", "zero3", "bf16", "bf16 zero2", "bf16 zero3"])
def test_a_resumed_run_is_bit_identical_to_an_uninterrupted_run(launched, name):
    base = launched[0]
    assert rows(base / f"{name} halves", *SAME, "grad_norm") == rows(base / name, *SAME, "grad_norm")
    losses = [[row["val_loss"] for row in validation_rows(base / run)] for run in (name, f"{name} halves")]
    assert losses[0] == losses[1]


def test_checkpoints_and_model_are_copied_to_upload_to(launched):
    base = launched[0]
    for copied in ("checkpoints/step-00000003/manifest.json", "model/model.safetensors", "model/config.json"):
        assert (base / "bucket" / copied).read_bytes() == (base / "one by one" / copied).read_bytes()


def test_the_loss_does_not_depend_on_the_size_of_the_micro_batches(launched):
    base = launched[0]
    for row, expected in zip(rows(base / "one by one"), rows(base / "all at once"), strict=True):
        for name in ("loss_denoise", "loss_line", "loss_grid", "grad_norm"):
            assert row[name] == pytest.approx(expected[name], rel=1e-5), name


@pytest.mark.parametrize("name", ["zero0", "zero2", "zero3"])
def test_all_zero_stages_compute_the_same_losses(launched, name):
    base = launched[0]
    for row, expected in zip(rows(base / name), rows(base / "whole"), strict=False):
        assert row["batch_id"] == expected["batch_id"]
        assert row["loss"] == pytest.approx(expected["loss"], rel=1e-6)
        assert row["grad_norm"] == pytest.approx(expected["grad_norm"], rel=1e-5)


def test_the_losses_of_bf16_are_close_to_those_of_fp32(launched):
    base = launched[0]
    for row, expected in zip(rows(base / "bf16"), rows(base / "whole"), strict=False):
        assert row["loss"] == pytest.approx(expected["loss"], rel=0.02)


@pytest.mark.parametrize("name", ["whole", "zero0", "zero3", "bf16"])
def test_the_exported_model_is_loaded_by_one_call(launched, name):
    model, tokenizer = load_model(launched[0] / name / "model")
    assert model.config.d_model == 32
    assert model.config.vocab_size == tokenizer.embedding_size


@pytest.mark.parametrize("kind", FAULTY_KINDS)
def test_a_step_with_an_unusable_gradient_changes_nothing_and_training_continues(launched, kind):
    base, codes, _ = launched
    assert codes[f"faulty {kind}"] == 0
    run_dir = base / f"faulty {kind}"
    changed = json.loads((run_dir / "changed.json").read_text())
    everything = ["weights", "optimizer"]
    assert changed == {"1": everything, "2": [], "3": everything, "4": [], "5": everything}
    found = rows(run_dir, "step", "skipped_steps")
    assert [row["skipped_steps"] for row in found] == [0, 1, 1, 2, 2]
    saved = {path.name for path in (run_dir / "checkpoints").glob("step-*")}
    assert saved == {"step-00000005"}, "steps 2 and 4 were skipped, perhaps because of bad weights: not saved"


@pytest.mark.parametrize("kind", ["0", "2", "3"])
def test_all_zero_stages_continue_with_the_same_losses_after_skipped_steps(launched, kind):
    losses = [[row["loss"] for row in rows(launched[0] / f"faulty {name}")] for name in (kind, "1")]
    assert losses[0] == pytest.approx(losses[1], rel=1e-5)


def test_the_pages_of_skipped_steps_are_recorded(launched, corpus):
    not_finite, spike = map(json.loads, (launched[0] / "faulty 1" / "skipped_steps.jsonl").read_text().splitlines())
    assert (not_finite["step"], spike["step"]) == (2, 4)
    assert sorted(not_finite["keys"]) == sorted(keys_read(corpus, 8, 16))
    assert sorted(spike["keys"]) == sorted(keys_read(corpus, 24, 32))
    assert not_finite["grad_norm"] is None and spike["grad_norm"] > 1000
    assert not_finite["loss"] > 0, "the loss was correct, only its gradient was faulty"


def test_too_many_skipped_steps_in_a_row_stop_the_run_without_a_checkpoint(launched, corpus):
    base, codes, printed = launched
    assert codes["exploding"] == 1
    assert "gradient norm inf: 3 steps skipped in a row (--max_skipped), none of them saved." in printed
    skipped = [json.loads(line) for line in (base / "exploding" / "skipped_steps.jsonl").read_text().splitlines()]
    assert [row["step"] for row in skipped] == [2, 3, 4]
    assert sorted(skipped[0]["suspects"]) == sorted(keys_read(corpus, 8, 16))
    assert not list((base / "exploding" / "checkpoints").glob("step-*"))
    assert [row["loss"] for row in rows(base / "exploding")][1:] == [None, None]


def test_bad_samples_are_counted_and_recorded(launched):
    base, codes, printed = launched
    assert codes["bad page"] == 0
    no_image, no_cell = (Corpus(base / "sound").key(number) for number in (1, 4))
    reasons = (f"{no_image} in corpus-00000: the image ", f"{no_cell} in corpus-00000: token 2 has cell 16, outside")
    path = base / "bad page" / "bad_samples.jsonl"
    recorded = [json.loads(line) for line in path.read_text().splitlines()]
    assert all(row["page"].startswith(reasons) for row in recorded)
    assert {row["page"].split()[0] for row in recorded} == {no_image, no_cell}
    steps = [row["step"] for row in recorded]
    counted = [row["bad_samples"] for row in rows(base / "bad page")]
    assert counted == [sum(step <= last for step in steps) for last in (1, 2, 3)]
    assert len(steps) >= 8, "24 samples are read from six pages, so each page is read at least 4 times"
    assert f"bad sample, replaced by another one ({path} lists all): {recorded[0]['page']}" in printed


def test_a_run_stopped_by_max_hours_saves_and_resumes_bit_for_bit(launched):
    base, codes, printed = launched
    assert (codes["out of time"], codes["more time"]) == (1, 0)
    assert "stopped by --max_hours 1e-09 after step 1, saved; run the same command again to resume" in printed
    assert "resumed after step 1 of 6" in printed
    assert not (base / "out of time" / "stopped.json").exists(), "a resumed run removes it"
    assert rows(base / "out of time", *SAME, "grad_norm") == rows(base / "whole", *SAME, "grad_norm")


def test_two_hosts_with_one_rank_each_equal_one_host_with_two_ranks(launched, corpus, tmp_path):
    common = ["--corpus", str(corpus), "--val_share", "0.3", "--val_every", "3", *SMALL, "--save_every", "3"]
    command = [str(PRETRAIN), *common, "--output", str(tmp_path / "RUN"), "--max_steps", "6"]
    launchers = host_launchers(2, tmp_path / "hostfile")
    hosts = [subprocess.Popen([*launch, *command], cwd=tmp_path, env=environment()) for launch in launchers]
    try:
        assert [host.wait(timeout=LIMIT_S) for host in hosts] == [0, 0]
    finally:
        for host in hosts:
            host.kill()
    assert rows(tmp_path / "RUN", *SAME, "grad_norm") == rows(launched[0] / "whole", *SAME, "grad_norm")


def test_a_run_saves_its_settings(launched, corpus):
    run_dir = launched[0] / "zero3"
    config = load_config("base", str(run_dir / "config.yaml"))
    assert (config.corpus, config.zero_stage, config.max_steps) == ([str(corpus)], 3, 6)
    assert config.model == load_model(run_dir / "model")[0].config


def test_a_dry_run_prints_what_the_run_needs_and_writes_nothing(launched):
    base, codes, printed = launched
    assert codes["dry"] == 0
    assert not (base / "dry").exists()
    lines = printed[printed.index("dry run: ") :].splitlines()[:6]
    assert [line.split("  ")[0] for line in lines[1:]] == ["model", "page", "speed", "one epoch", "whole run"]
    assert " for 1,000 steps, 8,000 pages; " in lines[5]


@pytest.mark.parametrize(
    ("words", "difference"),
    [
        (["--seed", "5"], "--seed was 0, is 5"),
        (["--global_batch", "4"], "--global_batch was 8, is 4"),
        (["model.d_model=64"], "model.d_model was 32, is 64"),
        (["objectives.line_weight=2"], "objectives.line_weight was 1.0, is 2.0"),
        ([], "ranks was 2, is 1"),
    ],
)
def test_resuming_with_other_settings_is_refused_and_the_difference_named(launched, corpus, caplog, words, difference):
    run_dir = launched[0] / "whole"
    before = (run_dir / "log.jsonl").read_bytes()
    common = ["--corpus", str(corpus), "--output", str(run_dir), "--val_share", "0.3"]
    assert main([*common, *SMALL, *words]) == 2
    assert difference in caplog.messages[-1]
    assert (run_dir / "log.jsonl").read_bytes() == before
