"""Tests of the copies of checkpoints to a directory, to a memory file system and to a bucket."""

from __future__ import annotations

import logging
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from schemas import UsageError
from tests.clusters.google import BUCKET, Files, Proxy, object_store, serving
from tests.support.commands import LIMIT_S
from tests.support.corpora import write_corpus
from tests.trainer.launches import PRETRAIN, SMALL, environment, rows
from trainer.checkpoints.manifest import Checkpoint, size_and_sha256
from trainer.checkpoints.upload import Uploads, require_uploads


def _write_checkpoint(run_dir: Path, step: int) -> Path:
    directory = run_dir / "checkpoints" / f"step-{step:08d}"
    (directory / "parts").mkdir(parents=True)
    names = ("weights.pt", "parts/optimizer.pt")
    for name in names:
        (directory / name).write_bytes(f"{name} at {step}".encode())
    files = {name: size_and_sha256(directory / name) for name in names}
    Checkpoint(step, step * 8, {"ranks": 1}, files).write(directory)
    return directory


@pytest.fixture
def warnings(caplog):
    """Returns a function that returns the warnings logged so far."""
    caplog.set_level(logging.WARNING, logger="trainer")
    return lambda: [record.getMessage() for record in caplog.records if record.name == "trainer"]


def test_a_copy_is_byte_identical_and_a_sound_checkpoint(tmp_path, warnings):
    source = _write_checkpoint(tmp_path / "RUN", 5)
    uploads = Uploads(f"file://{tmp_path}/bucket/run/", tmp_path / "RUN")
    uploads.add(source)
    uploads.finish()
    copy = tmp_path / "bucket" / "run" / "checkpoints" / "step-00000005"
    checkpoint = Checkpoint.read(copy)
    assert checkpoint == Checkpoint.read(source)
    assert checkpoint is not None and checkpoint.damage(copy) is None
    assert not warnings()


def test_a_failed_copy_is_logged_and_repeated_after_the_next_checkpoint(tmp_path, warnings):
    bucket = tmp_path / "bucket"
    bucket.write_text("no directory")
    uploads = Uploads(f"file://{bucket}", tmp_path / "RUN")
    uploads.add(_write_checkpoint(tmp_path / "RUN", 5))
    while not warnings():
        time.sleep(0.01)
    assert "bucket/checkpoints/step-00000005 could not be written: " in warnings()[0]
    bucket.unlink()
    uploads.add(_write_checkpoint(tmp_path / "RUN", 6))
    uploads.finish()
    assert sorted(path.name for path in (bucket / "checkpoints").iterdir()) == ["step-00000005", "step-00000006"]
    assert len(warnings()) == 1


def test_the_manifest_is_copied_last(tmp_path, warnings):
    source = _write_checkpoint(tmp_path / "RUN", 5)
    (source / "weights.pt").unlink()
    (source / "weights.pt").symlink_to("/proc/self/mem")  # can be listed but not read
    bucket = tmp_path / "bucket"
    uploads = Uploads(f"file://{bucket}", tmp_path / "RUN")
    uploads.add(source)
    uploads.finish()
    assert not list(bucket.rglob("manifest.json"))
    assert warnings()[-1] == f"{source} was not copied to file://{bucket}: copy it manually"


def test_a_checkpoint_that_was_removed_before_its_copy_began_is_named(tmp_path, warnings):
    uploads = Uploads("memory://bucket", tmp_path)
    uploads.add(tmp_path / "checkpoints" / "step-00000001")
    uploads.finish()
    assert "--keep_last removed it before" in warnings()[0]


@pytest.mark.parametrize("url", ["gz://bucket/run", "nowhere://x"])
def test_a_url_with_an_unknown_protocol_is_refused(tmp_path, url):
    with pytest.raises(UsageError, match=f"--upload_to {url}: Protocol not known"):
        require_uploads(url, tmp_path / "RUN")


def test_a_target_that_does_not_exist_yet_is_accepted_and_not_created(tmp_path):
    require_uploads(f"file://{tmp_path}/bucket/run", tmp_path / "RUN")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("target", "message"),
    [("RUN", "is the run's own directory"), ("text", "is a file"), ("text/run", "cannot be reached")],
)
@pytest.mark.parametrize("scheme", ["", "file://"])
def test_a_target_that_cannot_hold_copies_is_refused(tmp_path, scheme, target, message):
    (tmp_path / "text").write_text("in the way")
    with pytest.raises(UsageError, match=f"--upload_to {scheme}{tmp_path}/{target} {message}"):
        require_uploads(f"{scheme}{tmp_path}/{target}", tmp_path / "RUN")


def test_a_bucket_without_credentials_is_refused_before_a_run_starts(tmp_path, monkeypatch):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, str(tmp_path / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    with pytest.raises(UsageError, match=r"--upload_to s3://bucket/run cannot be reached \(NoCredentialsError: "):
        require_uploads("s3://bucket/run", tmp_path / "RUN")


def test_a_checkpoint_is_copied_to_a_bucket(tmp_path, monkeypatch, warnings):
    source = _write_checkpoint(tmp_path / "RUN", 5)
    with object_store() as address:
        monkeypatch.setenv("STORAGE_EMULATOR_HOST", address)
        require_uploads(f"gs://{BUCKET}/run", tmp_path / "RUN")
        uploads = Uploads(f"gs://{BUCKET}/run", tmp_path / "RUN")
        uploads.add(source)
        uploads.finish()
        assert not warnings()
        copy = Files(address).download("run/checkpoints/step-00000005", tmp_path / "copy")
        checkpoint = Checkpoint.read(copy)
        assert checkpoint is not None and checkpoint.damage(copy) is None


class Busy(Proxy):
    """A proxy that delays all uploads until `accept_uploads` is set."""

    accept_uploads = threading.Event()

    def refusal(self) -> int | None:
        if self.command != "GET":
            assert self.accept_uploads.wait(LIMIT_S)
        return None


def _wait_for(what: str, found: Callable[[], bool]) -> None:
    give_up = time.monotonic() + LIMIT_S
    while not found():
        assert time.monotonic() < give_up, what
        time.sleep(0.05)


def test_training_continues_while_a_checkpoint_is_being_copied(tmp_path, monkeypatch):
    write_corpus(tmp_path / "OUT", pages=12, words=20, long_side=64)
    run_dir, log = tmp_path / "RUN", tmp_path / "RUN" / "log.jsonl"
    words = ["--corpus", str(tmp_path / "OUT"), "--output", str(run_dir), "--upload_to", f"gs://{BUCKET}/run", *SMALL]
    words += ["--max_steps", "4", "--save_every", "1", "--keep_last", "1", "--val_share", "0"]
    with object_store() as address:
        Busy.address = address
        with serving(Busy) as proxy, (tmp_path / "printed").open("w") as printed:
            monkeypatch.setenv("STORAGE_EMULATOR_HOST", proxy)
            command = [sys.executable, str(PRETRAIN), *words]
            process = subprocess.Popen(command, env=environment(), stdout=printed, stderr=subprocess.STDOUT)
            try:
                _wait_for("all steps", lambda: log.is_file() and len(rows(run_dir)) == 4)
                _wait_for("the model", (run_dir / "model" / "model.safetensors").is_file)
                assert not Files(address).names("run/"), "nothing of the first checkpoint has arrived yet"
                kept = sorted(path.name for path in (run_dir / "checkpoints").glob("step-*"))
                assert kept == ["step-00000001", "step-00000004"], "the newest one and the one that is being copied"
                Busy.accept_uploads.set()
                assert process.wait(LIMIT_S) == 0, (tmp_path / "printed").read_text()
            finally:
                process.kill()
        copy = Files(address).download("run", tmp_path / "copy")
    for step in (1, 4):
        checkpoint = Checkpoint.read(copy / "checkpoints" / f"step-{step:08d}")
        assert checkpoint is not None and checkpoint.damage(copy / "checkpoints" / checkpoint.name) is None
    assert (copy / "model" / "model.safetensors").read_bytes() == (run_dir / "model" / "model.safetensors").read_bytes()
