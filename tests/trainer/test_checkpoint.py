"""What makes a directory a checkpoint; saving and loading themselves are in test_pretrain."""

from __future__ import annotations

import hashlib

import pytest

from schemas import UsageError
from trainer.checkpoint import Checkpoint, CheckpointStore, require_same


def _checkpoint(store_dir, step: int) -> Checkpoint:
    directory = store_dir / f"step-{step:08d}"
    directory.mkdir(parents=True)
    (directory / "weights.pt").write_bytes(b"weights")
    files = {"weights.pt": (7, hashlib.sha256(b"weights").hexdigest())}
    checkpoint = Checkpoint(step, step * 8, {"seed": 0}, files)
    checkpoint.write(directory)
    return checkpoint


def test_a_manifest_reads_back_as_written(tmp_path):
    checkpoint = _checkpoint(tmp_path, 5)
    assert Checkpoint.read(tmp_path / "step-00000005") == checkpoint
    assert checkpoint.damage(tmp_path / "step-00000005") is None


@pytest.mark.parametrize(
    ("change", "damage"),
    [
        (lambda path: path.unlink(), "weights.pt is missing"),
        (lambda path: path.write_bytes(b"wei"), "weights.pt has changed"),
        (lambda path: path.write_bytes(b"weightz"), "weights.pt has changed"),
    ],
)
def test_damage_is_found_and_named(tmp_path, change, damage):
    checkpoint = _checkpoint(tmp_path, 5)
    change(tmp_path / "step-00000005" / "weights.pt")
    assert checkpoint.damage(tmp_path / "step-00000005") == damage


@pytest.mark.parametrize("text", [None, "", "{", "[]", '{"step": 9}'])
def test_a_directory_whose_manifest_cannot_be_read_is_no_checkpoint(tmp_path, text):
    expected = _checkpoint(tmp_path, 5)
    (tmp_path / "step-00000009").mkdir()
    if text is not None:
        (tmp_path / "step-00000009" / "manifest.json").write_text(text)
    assert CheckpointStore(tmp_path, keep_last=2).newest() == expected


def test_a_run_without_checkpoints_has_no_newest(tmp_path):
    assert CheckpointStore(tmp_path / "none", keep_last=2).newest() is None


def test_a_run_goes_on_only_with_what_it_has_in_common():
    saved = {"seed": 0, "model": {"d_model": 32, "dropout": 0.1}}
    require_same(saved, {"seed": 0, "model": {"d_model": 32, "dropout": 0.1}}, "RUN")
    with pytest.raises(UsageError) as refused:
        require_same(saved, {"seed": 1, "model": {"d_model": 64, "dropout": 0.1}}, "RUN")
    assert "model.d_model was 32, is 64; seed was 0, is 1" in str(refused.value)
    assert "dropout" not in str(refused.value)
