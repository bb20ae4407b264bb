"""Copies of finished checkpoints, by the real store into a directory, a memory and a bucket that is out of order."""

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
def gone_wrong(caplog):
    """What was said of failures, so far."""
    caplog.set_level(logging.WARNING, logger="trainer")
    return lambda: [record.getMessage() for record in caplog.records if record.name == "trainer"]


def test_a_copy_is_the_checkpoint_byte_for_byte_and_sound(tmp_path, gone_wrong):
    source = _write_checkpoint(tmp_path / "RUN", 5)
    uploads = Uploads(f"file://{tmp_path}/bucket/run/", tmp_path / "RUN")
    uploads.add(source)
    uploads.finish()
    copy = tmp_path / "bucket" / "run" / "checkpoints" / "step-00000005"
    checkpoint = Checkpoint.read(copy)
    assert checkpoint == Checkpoint.read(source)
    assert checkpoint is not None and checkpoint.damage(copy) is None
    assert not gone_wrong()


def test_a_failed_copy_is_said_and_made_up_for_after_the_next_checkpoint(tmp_path, gone_wrong):
    bucket = tmp_path / "bucket"
    bucket.write_text("no directory")
    uploads = Uploads(f"file://{bucket}", tmp_path / "RUN")
    uploads.add(_write_checkpoint(tmp_path / "RUN", 5))
    while not gone_wrong():
        time.sleep(0.01)
    assert "bucket/checkpoints/step-00000005 could not be written: " in gone_wrong()[0]
    bucket.unlink()
    uploads.add(_write_checkpoint(tmp_path / "RUN", 6))
    uploads.finish()
    assert sorted(path.name for path in (bucket / "checkpoints").iterdir()) == ["step-00000005", "step-00000006"]
    assert len(gone_wrong()) == 1


def test_the_manifest_of_a_copy_comes_last(tmp_path, gone_wrong):
    source = _write_checkpoint(tmp_path / "RUN", 5)
    (source / "weights.pt").unlink()
    (source / "weights.pt").symlink_to("/proc/self/mem")  # can be listed and not read
    bucket = tmp_path / "bucket"
    uploads = Uploads(f"file://{bucket}", tmp_path / "RUN")
    uploads.add(source)
    uploads.finish()
    assert not list(bucket.rglob("manifest.json"))
    assert gone_wrong()[-1] == f"{source} was not copied to file://{bucket}: copy it by hand"


def test_a_checkpoint_that_went_before_its_copy_began_is_named(tmp_path, gone_wrong):
    uploads = Uploads("memory://bucket", tmp_path)
    uploads.add(tmp_path / "checkpoints" / "step-00000001")
    uploads.finish()
    assert "--keep_last removed it before" in gone_wrong()[0]


@pytest.mark.parametrize("url", ["gz://bucket/run", "nowhere://x"])
def test_a_kind_of_url_that_nothing_knows_is_refused(tmp_path, url):
    with pytest.raises(UsageError, match=f"--upload_to {url}: Protocol not known"):
        require_uploads(url, tmp_path / "RUN")


def test_a_place_that_does_not_exist_yet_is_taken_and_not_made(tmp_path):
    require_uploads(f"file://{tmp_path}/bucket/run", tmp_path / "RUN")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("target", "said"),
    [("RUN", "is the run's own directory"), ("text", "is a file"), ("text/run", "cannot be reached")],
)
@pytest.mark.parametrize("scheme", ["", "file://"])
def test_a_place_that_cannot_hold_copies_is_refused(tmp_path, scheme, target, said):
    (tmp_path / "text").write_text("in the way")
    with pytest.raises(UsageError, match=f"--upload_to {scheme}{tmp_path}/{target} {said}"):
        require_uploads(f"{scheme}{tmp_path}/{target}", tmp_path / "RUN")


def test_a_bucket_that_opens_to_nobody_is_refused_before_a_run_starts(tmp_path, monkeypatch):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, str(tmp_path / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    with pytest.raises(UsageError, match=r"--upload_to s3://bucket/run cannot be reached \(NoCredentialsError: "):
        require_uploads("s3://bucket/run", tmp_path / "RUN")


def test_a_bucket_holds_what_was_sent(tmp_path, monkeypatch, gone_wrong):
    source = _write_checkpoint(tmp_path / "RUN", 5)
    with object_store() as address:
        monkeypatch.setenv("STORAGE_EMULATOR_HOST", address)
        require_uploads(f"gs://{BUCKET}/run", tmp_path / "RUN")
        uploads = Uploads(f"gs://{BUCKET}/run", tmp_path / "RUN")
        uploads.add(source)
        uploads.finish()
        assert not gone_wrong()
        copy = Files(address).download("run/checkpoints/step-00000005", tmp_path / "copy")
        checkpoint = Checkpoint.read(copy)
        assert checkpoint is not None and checkpoint.damage(copy) is None


class Busy(Proxy):
    """Lets whoever sends something wait until it is told to take it."""

    may_take = threading.Event()

    def refusal(self) -> int | None:
        if self.command != "GET":
            assert self.may_take.wait(LIMIT_S)
        return None


def _wait_for(what: str, found: Callable[[], bool]) -> None:
    give_up = time.monotonic() + LIMIT_S
    while not found():
        assert time.monotonic() < give_up, what
        time.sleep(0.05)


def test_training_goes_on_while_a_checkpoint_is_being_copied(tmp_path, monkeypatch):
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
                assert not Files(address).names("run/"), "of the first checkpoint nothing has arrived"
                kept = sorted(path.name for path in (run_dir / "checkpoints").glob("step-*"))
                assert kept == ["step-00000001", "step-00000004"], "the newest, and the one that is being copied"
                Busy.may_take.set()
                assert process.wait(LIMIT_S) == 0, (tmp_path / "printed").read_text()
            finally:
                process.kill()
        copy = Files(address).download("run", tmp_path / "copy")
    for step in (1, 4):
        checkpoint = Checkpoint.read(copy / "checkpoints" / f"step-{step:08d}")
        assert checkpoint is not None and checkpoint.damage(copy / "checkpoints" / checkpoint.name) is None
    assert (copy / "model" / "model.safetensors").read_bytes() == (run_dir / "model" / "model.safetensors").read_bytes()
