"""What makes a directory a checkpoint and which ones stay; saving and loading real weights is in test_pretrain."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
import torch

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


class _Engine:
    """The two calls of DeepSpeed's engine, with one small file as its state."""

    def save_checkpoint(self, directory: str, tag: str, save_latest: bool) -> None:
        Path(directory, tag).mkdir(parents=True)
        Path(directory, tag, "weights.pt").write_bytes(b"weights")

    def load_checkpoint(self, directory: str, tag: str) -> None:
        assert Path(directory, tag, "weights.pt").read_bytes() == b"weights"


@pytest.fixture
def alone():
    """This process as the only rank."""
    torch.distributed.init_process_group("gloo", store=torch.distributed.HashStore(), rank=0, world_size=1)
    yield
    torch.distributed.destroy_process_group()


def _steps(store_dir) -> list[int]:
    return sorted(int(path.name.removeprefix("step-")) for path in store_dir.glob("step-*"))


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
    assert "model.d_model was 32, is 64; --seed was 0, is 1" in str(refused.value)
    assert "dropout" not in str(refused.value)


@pytest.mark.usefixtures("alone")
def test_the_newest_checkpoints_stay(tmp_path):
    store = CheckpointStore(tmp_path, keep_last=2)
    for step in (100, 200, 300):
        store.save(_Engine(), step, step * 8, {})
    assert _steps(tmp_path) == [200, 300]


@pytest.mark.usefixtures("alone")
@pytest.mark.parametrize(
    ("keep_last", "saved", "left"), [(1, 400, [400]), (2, 400, [300, 400]), (2, 500, [300, 500]), (2, 600, [300, 600])]
)
def test_a_damaged_checkpoint_never_stays_in_place_of_a_sound_one(tmp_path, keep_last, saved, left):
    _checkpoint(tmp_path, 300)
    _checkpoint(tmp_path, 500)
    (tmp_path / "step-00000500" / "weights.pt").write_bytes(b"wei")
    store = CheckpointStore(tmp_path, keep_last)
    resumed = store.load(_Engine())
    assert resumed is not None
    assert resumed.step == 300
    store.save(_Engine(), saved, saved * 8, {})
    assert _steps(tmp_path) == left
    assert store.load(_Engine()) == store.newest()


@pytest.mark.usefixtures("alone")
def test_checkpoints_after_the_saved_step_go(tmp_path):
    _checkpoint(tmp_path, 500)
    CheckpointStore(tmp_path, keep_last=1).save(_Engine(), 400, 3200, {})
    assert _steps(tmp_path) == [400]
