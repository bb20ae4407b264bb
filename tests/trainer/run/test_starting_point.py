"""Tests of runs that start from a T5, from an exported model or from an earlier run, with the real program."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from tests.support.corpora import write_corpus
from tests.trainer.launches import SMALL, rows, run_many

transformers = pytest.importorskip("transformers")

STAGES = (0, 1, 3)
STILL = ("optimizer.learning_rate=1e-30",)  # too small to change a weight
SAME = ("step", "loss", "grad_norm", "lr")


@pytest.fixture(scope="module")
def t5(tmp_path_factory) -> Path:
    """Returns the folder of a T5 with the shape of `SMALL` and embeddings as large as those of a trained T5."""
    torch.manual_seed(0)
    folder = tmp_path_factory.mktemp("t5")
    shape = transformers.T5Config(d_model=32, d_kv=32, d_ff=64, num_heads=2, num_layers=1, num_decoder_layers=1)
    model = transformers.T5ForConditionalGeneration(shape)
    model.shared.weight.data.mul_(8.0)
    model.save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def launched(t5, tmp_path_factory):
    """Returns the parent directory of all runs, their exit codes by name, and what they printed."""
    base = tmp_path_factory.mktemp("runs")
    write_corpus(base / "OUT", pages=12, words=40, long_side=256)
    write_corpus(base / "GROWN", pages=16, words=40, long_side=256)

    def line(output: str, steps: int, *more: str) -> list[str]:
        common = ["--corpus", str(base / "OUT"), "--output", str(base / output), "--max_steps", str(steps)]
        return [*common, *SMALL, "--save_every", "2", "--val_share", "0", *more]

    plan = {
        "whole": line("whole", 4, "--init_from", str(t5), "--profile_steps", "2:3"),
        "first half": line("halves", 2, "--init_from", str(t5), "--upload_to", str(base / "elsewhere")),
        "without the flag": line("halves", 4),
        "second half": line("halves", 4, "--init_from", "moved/away"),
        "elsewhere": line("elsewhere", 4, "--init_from", "moved/away"),
        "fresh": line("fresh", 2),
        "too late": line("fresh", 4, "--init_from", str(t5)),
        "grown": line("whole", 6, "--init_from", str(t5), "--corpus", str(base / "GROWN")),
        "from a model": line("from a model", 1, "--init_from", str(base / "whole" / "model"), *STILL),
        "from a run": line("from a run", 1, "--init_from", str(base / "whole"), *STILL),
        "from another size": line("from another size", 1, "--init_from", str(base / "whole"), "model.d_ff=128"),
        "from nothing": line("from nothing", 1, "--init_from", str(base / "OUT")),
        "larger": line("larger", 2, "--init_from", str(t5), "model.d_ff=128"),
    }
    for stage in STAGES:
        zero = ("--zero_stage", str(stage), "--dtype", "fp32")
        plan[f"one step {stage}"] = line(f"one step {stage}", 1, *zero)
        plan[f"stopped {stage}"] = line(f"stopped {stage}", 4, *zero, "--max_hours", "1e-9")
        plan[f"on {stage}"] = line(f"on {stage}", 1, "--init_from", str(base / f"stopped {stage}"), *STILL)
    codes, printed = run_many(plan, 1, base)
    return base, codes, printed


def weights_of(run: Path) -> dict[str, torch.Tensor]:
    """Returns all weights of the exported model of a run, with those of the heads."""
    return {**load_file(run / "model" / "model.safetensors"), **load_file(run / "model" / "heads.safetensors")}


def require_equal(run: Path, other: Path) -> None:
    first, second = weights_of(run), weights_of(other)
    assert first.keys() == second.keys()
    for name, value in first.items():
        assert torch.allclose(value, second[name], rtol=0, atol=1e-20), name


def test_a_run_starts_from_the_weights_of_the_t5(launched, t5):
    base, codes, _ = launched
    assert codes["whole"] == codes["fresh"] == 0
    start, ends = load_file(t5 / "model.safetensors"), {}
    for name in ("whole", "fresh"):
        ends[name] = load_file(base / name / "model" / "model.safetensors")["tokens.weight"]
    assert (ends["whole"] - start["shared.weight"]).abs().mean() < 0.5
    assert (ends["fresh"] - start["shared.weight"]).abs().mean() > 4


def test_a_resumed_run_needs_no_t5_and_is_bit_identical(launched):
    base, codes, _ = launched
    assert codes["second half"] == 0
    assert rows(base / "halves", *SAME) == rows(base / "whole", *SAME)


def test_changed_settings_are_logged_and_kept_in_the_config_of_the_run(launched):
    base, _, printed = launched
    lines = (base / "halves" / "config.yaml").read_text().splitlines()
    assert "# from step 3: --max_steps was 2, is 4" in lines
    assert "max_steps: 4" in lines
    assert "changed: --max_steps was 2, is 4\n" in printed


def test_a_run_can_be_resumed_elsewhere_from_a_copied_checkpoint(launched):
    base, codes, _ = launched
    assert codes["elsewhere"] == 0
    assert rows(base / "elsewhere", *SAME) == rows(base / "whole", *SAME)[2:]


def test_resuming_with_another_starting_point_is_refused(launched):
    _, codes, printed = launched
    assert (codes["without the flag"], codes["too late"]) == (2, 2)
    assert "holds a run that started from other weights: pass --init_from" in printed
    assert "holds a run that started from random weights: omit --init_from" in printed


def test_a_run_starts_from_an_exported_model_or_the_directory_of_a_run_with_its_heads(launched):
    base, codes, printed = launched
    assert (codes["from a model"], codes["from a run"]) == (0, 0)
    require_equal(base / "from a model", base / "whole")
    require_equal(base / "from a run", base / "whole")
    assert f"starts from the weights of {base / 'whole' / 'model'}\n" in printed


@pytest.mark.parametrize("stage", STAGES)
def test_a_run_starts_from_the_newest_checkpoint_of_a_stopped_run(launched, stage):
    base, codes, printed = launched
    assert (codes[f"stopped {stage}"], codes[f"on {stage}"]) == (1, 0)
    require_equal(base / f"on {stage}", base / f"one step {stage}")
    assert f"starts from the weights of {base / f'stopped {stage}' / 'checkpoints' / 'step-00000001'}\n" in printed


def test_a_changed_corpus_is_refused_with_both_paths_and_the_way_to_go_on(launched):
    base, codes, printed = launched
    assert codes["grown"] == 2
    assert f"--corpus was {base / 'OUT'}, is {base / 'OUT'}:12 {base / 'GROWN'}:16" in printed
    assert f"choose another directory and pass --init_from {base / 'whole'}." in printed


def test_a_model_of_another_size_and_a_folder_without_weights_are_refused(launched):
    base, codes, printed = launched
    assert (codes["from another size"], codes["from nothing"]) == (2, 2)
    assert "has model.d_ff 64, this run has 128: use a different --model, or set model.d_ff=64." in printed
    assert f"{base / 'OUT'} contains no model: give a T5 folder, an exported model of Folio, or " in printed


def test_a_t5_of_another_shape_is_refused_before_the_training_starts(launched):
    base, codes, printed = launched
    assert codes["larger"] == 2
    assert "has d_ff 64, the model has model.d_ff 128" in printed
    assert not list((base / "larger").glob("checkpoints/*"))


def test_the_paths_of_a_profile_are_printed(launched):
    base, _, printed = launched
    for name in ("trace.json", "operators.txt"):
        assert (base / "whole" / "profile" / name).stat().st_size > 1000
        assert str(base / "whole" / "profile" / name) in printed
