"""Tests of valid and damaged checkpoints and of those that are kept. `test_pretrain` saves and loads real weights."""

from __future__ import annotations

import hashlib
import re

import pytest
import torch

from schemas import FolioError, UsageError
from tests.support.disks import small_disk
from tests.trainer.launches import only_rank
from trainer.checkpoints.manifest import Checkpoint
from trainer.checkpoints.store import CheckpointStore, newest_checkpoint
from trainer.engine.start import start_engine
from trainer.settings.pretrain import PretrainConfig

FACTS = {"seed": 0, "ranks": 1}


def _checkpoint(store_dir, step: int) -> Checkpoint:
    directory = store_dir / f"step-{step:08d}"
    directory.mkdir(parents=True)
    (directory / "weights.pt").write_bytes(b"weights")
    files = {"weights.pt": (7, hashlib.sha256(b"weights").hexdigest())}
    checkpoint = Checkpoint(step, step * 8, FACTS, files, {"tokens.weight": 0.5})
    checkpoint.write(directory)
    return checkpoint


@pytest.fixture(scope="module")
def engine():
    """Returns DeepSpeed's engine around a single layer of 40 kB, with this process as the only rank."""
    scales = {"weight": 1.0, "bias": 1.0}
    with only_rank():
        yield start_engine(torch.nn.Linear(100, 100), PretrainConfig(dtype="fp32"), micro_batch=8, scales=scales)


def _save(store: CheckpointStore, engine, *steps: int) -> None:
    for step in steps:
        store.save(engine, step, step * 8)


def _steps(store_dir) -> list[int]:
    return sorted(int(path.name.removeprefix("step-")) for path in store_dir.glob("step-*"))


def test_a_manifest_is_read_as_it_was_written(tmp_path):
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
def test_the_damaged_file_is_named(tmp_path, change, damage):
    checkpoint = _checkpoint(tmp_path, 5)
    change(tmp_path / "step-00000005" / "weights.pt")
    assert checkpoint.damage(tmp_path / "step-00000005") == damage


@pytest.mark.parametrize("text", [None, "", "{", "[]", '{"step": 9}'])
def test_a_directory_without_a_readable_manifest_is_not_a_checkpoint(tmp_path, text):
    expected = _checkpoint(tmp_path, 5)
    (tmp_path / "step-00000009").mkdir()
    if text is not None:
        (tmp_path / "step-00000009" / "manifest.json").write_text(text)
    assert newest_checkpoint(tmp_path) == expected


def test_a_run_without_checkpoints_has_no_newest_checkpoint(tmp_path):
    assert newest_checkpoint(tmp_path / "none") is None


def test_the_newest_checkpoints_are_kept(engine, tmp_path):
    _save(CheckpointStore(tmp_path, keep_last=2, facts=FACTS), engine, 100, 200, 300)
    assert _steps(tmp_path) == [200, 300]
    assert (tmp_path / "latest").read_text() == "step-00000300"


@pytest.mark.parametrize(
    ("keep_last", "saved", "left"), [(1, 400, [400]), (2, 400, [300, 400]), (2, 500, [300, 500]), (2, 600, [300, 600])]
)
def test_a_damaged_checkpoint_is_never_kept_instead_of_a_sound_one(engine, tmp_path, keep_last, saved, left):
    _save(CheckpointStore(tmp_path, keep_last=2, facts=FACTS), engine, 300, 500)
    (tmp_path / "step-00000500" / "mp_rank_00_model_states.pt").write_bytes(b"wei")
    store = CheckpointStore(tmp_path, keep_last, FACTS)
    resumed = store.load(engine)
    assert resumed is not None
    assert resumed.step == 300
    _save(store, engine, saved)
    assert _steps(tmp_path) == left
    assert store.load(engine) == newest_checkpoint(store.directory)


def test_checkpoints_of_later_steps_are_removed(engine, tmp_path):
    store = CheckpointStore(tmp_path, keep_last=1, facts=FACTS)
    _save(store, engine, 500, 400)
    assert _steps(tmp_path) == [400]


def test_an_incomplete_checkpoint_is_ignored_and_removed_by_the_next_save(engine, tmp_path):
    store = CheckpointStore(tmp_path, keep_last=2, facts=FACTS)
    _save(store, engine, 100, 200)
    (tmp_path / "step-00000200" / "manifest.json").unlink()
    (tmp_path / "universal").mkdir()
    assert store.load(engine).step == 100
    assert not (tmp_path / "universal").exists()
    _save(store, engine, 300)
    assert _steps(tmp_path) == [100, 300]


def test_if_the_disk_is_full_the_earlier_checkpoint_is_kept_and_named(engine, tmp_path):
    with small_disk(tmp_path / "disk", "300k") as disk:
        store = CheckpointStore(disk.path / "checkpoints", keep_last=2, facts=FACTS)
        _save(store, engine, 100)
        with pytest.raises(FolioError) as full:
            _save(store, engine, 200, 300, 400)
        message = str(full.value)
        assert re.search(r"step-00000\d00 cannot be written, 0.0 GB were free on its disk: .*", message)
        newest = newest_checkpoint(store.directory)
        assert newest is not None
        assert message.endswith(f"run the same command again to resume from {newest.name}, which was kept.")
        assert sorted(_steps(store.directory))[-1] == newest.step, "the incomplete checkpoint is removed"
        assert CheckpointStore(store.directory, keep_last=2, facts=FACTS).load(engine) == newest
        disk.resize("64m")
        _save(store, engine, newest.step + 100)
        assert _steps(store.directory)[-1] == newest.step + 100


def test_a_checkpoint_of_another_number_of_ranks_is_refused_and_the_flag_named(engine, tmp_path):
    store = CheckpointStore(tmp_path, keep_last=1, facts={"ranks": 2})
    store.save(engine, 100, 800)
    with pytest.raises(
        UsageError, match="is for 2 ranks, but this run has 1: pass --change_ranks true to resume from it"
    ):
        store.load(engine)
