"""The training benchmarks run on a CPU with a tiny model, with the same code as on a GPU."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.support.commands import LIMIT_S
from tests.support.corpora import write_corpus
from tests.trainer.launches import ROOT, environment

pytest.importorskip("transformers")

TINY = ["model.d_model=32", "model.d_ff=64", "model.encoder_layers=1", "model.decoder_layers=1"]


def output_of(*command: str) -> list[list[str]]:
    """Returns the cells of the table that a benchmark prints, without the header."""
    done = subprocess.run(
        [sys.executable, "-m", *command], cwd=ROOT, env=environment(), capture_output=True, text=True, timeout=LIMIT_S
    )
    assert done.returncode == 0, done.stderr
    lines = [line for line in done.stdout.splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[1:]]


def test_the_sweep_has_a_row_for_synthetic_pages_and_one_for_shards(tmp_path):
    write_corpus(tmp_path / "OUT", pages=8, words=20, long_side=64)
    few = ["--models", "tiny", "--micro_batches", "2", "--compile", "false", "--warmup", "1", "--steps", "1"]
    short = ["objectives.max_text_tokens=64", "objectives.max_target_tokens=32", "model.image_height=64"]
    found = output_of(
        *("benchmarks.training.train_gpu", *few, "--corpus", str(tmp_path / "OUT"), "--workers", "0"),
        *("--override", *TINY, *short),
    )
    assert [row[:4] for row in found] == [["tiny", "synthetic", "2", "no"], ["tiny", "shards", "2", "no"]]
    for row in found:
        assert row[4] == "", "there is no MFU on a CPU"
        pages_per_s, memory_gb, wait = (float(cell.rstrip("%")) for cell in row[5:])
        assert pages_per_s > 0
        assert memory_gb > 0
        assert 0 <= wait <= 100


def test_generation_is_compared_with_transformers_at_two_batch_sizes():
    found = output_of("benchmarks.training.generate", "--model", "tiny", "--new_tokens", "3", "--repeats", "1")
    assert [(row[0], row[1]) for row in found] == [
        (batch, name) for batch in ("1", "8") for name in ("Folio", "T5 sdpa", "T5 eager")
    ]


def test_the_comparison_with_t5_has_a_row_for_each_model_and_precision():
    found = output_of("benchmarks.training.train_cpu", "--model", "tiny", "--batch", "1", "--repeats", "1")
    assert {(row[0], row[1]) for row in found} == {
        (name, dtype) for name in ("Folio", "T5 eager", "T5 sdpa", "matrix products") for dtype in ("fp32", "bf16")
    }
    assert all(float(row[2]) >= 0 for row in found)
