"""Tests of the messages for errors that the machine causes."""

from __future__ import annotations

import errno
import logging
import os
import socket
import subprocess
import sys

import pytest
import torch

from tests.support.commands import LIMIT_S
from tests.trainer.launches import PRETRAIN, SMALL, environment
from trainer.pretrain import main
from trainer.run.failures import AFTERWARDS, explain


@pytest.fixture
def failed(corpus, tmp_path, caplog):
    """Returns a function that runs a command line that fails in this process, and returns exit code and message."""

    def attempt(*words: str) -> tuple[int, str]:
        with caplog.at_level(logging.INFO, "trainer"):
            code = main(["--corpus", str(corpus), "--output", str(tmp_path / "RUN"), *SMALL, *words])
        return code, caplog.messages[-1]

    return attempt


def test_too_little_memory_is_reported_with_what_to_lower(failed):
    code, message = failed("model.d_ff=1000000000000000")
    assert code == 1
    assert message.startswith("error: rank 0 is out of memory (")
    assert "DefaultCPUAllocator: can't allocate memory: you tried to allocate " in message
    assert "): lower --micro_batch" in message
    assert "\n" not in message


def test_too_little_memory_of_a_gpu_or_in_python_is_reported_in_the_same_way():
    gpu = torch.OutOfMemoryError(
        "CUDA out of memory. Tried to allocate 20.00 GiB. GPU 0 has a total capacity of 79.11 GiB of which ..."
    )
    assert str(explain(gpu)).startswith(
        "rank 0 is out of memory (CUDA out of memory. Tried to allocate 20.00 GiB): lower --micro_batch"
    )
    for other in (MemoryError(), OSError(errno.ENOMEM, "Cannot allocate memory"), RuntimeError("CUDA out of memory")):
        assert "is out of memory (" in str(explain(other))


def test_a_port_in_use_is_reported_with_the_flag_of_the_launcher(corpus, tmp_path):
    """In a process of its own: a process that has joined a run before does not open the port again."""
    with socket.socket() as other_run:
        other_run.bind(("127.0.0.1", 0))
        other_run.listen()
        port = str(other_run.getsockname()[1])
        launched = {"RANK": "0", "LOCAL_RANK": "0", "WORLD_SIZE": "1", "LOCAL_SIZE": "1", "MASTER_ADDR": "127.0.0.1"}
        done = subprocess.run(
            [sys.executable, str(PRETRAIN), "--corpus", str(corpus), "--output", str(tmp_path / "RUN"), *SMALL],
            env={**environment(), **launched, "MASTER_PORT": port},
            stderr=subprocess.PIPE,
            text=True,
            timeout=LIMIT_S,
        )
    assert done.returncode == 1
    assert f"error: port {port} of this machine is in use, perhaps by another run: " in done.stderr
    assert "deepspeed --master_port" in done.stderr


def test_a_file_of_the_run_that_cannot_be_opened_is_named_with_the_cure(failed, tmp_path):
    lock = tmp_path / "RUN" / ".lock"
    lock.mkdir(parents=True)
    code, message = failed()
    assert code == 1
    assert message == (
        f"error: {lock} cannot be opened: Is a directory. Move away what is there, then run the same command again to "
        "resume from the last checkpoint."
    )


@pytest.mark.parametrize(
    ("number", "cure"),
    [
        (errno.ENOSPC, "cannot be written: No space left on device. Free disk space, then run"),
        (errno.EDQUOT, "cannot be written: Disk quota exceeded. Free disk space, then run"),
        (errno.EACCES, "cannot be opened: Permission denied. Make it writable for this user, then run"),
        (errno.EEXIST, "cannot be opened: File exists. Move away what is there, then run"),
        (errno.EROFS, "cannot be opened: Read-only file system. Make it writable for this user, then run"),
        (errno.ESTALE, "cannot be read or written: Stale file handle. Check its disk or network file system, then run"),
        (errno.EMFILE, "cannot be opened: Too many open files. Allow more open files (ulimit -n), then run"),
    ],
)
def test_each_kind_of_file_error_has_its_cure(number, cure):
    assert str(explain(OSError(number, os.strerror(number), "RUN/log.jsonl"))).startswith(f"RUN/log.jsonl {cure}")
    assert str(explain(OSError(number, os.strerror(number)))).startswith(f"a file of the run {cure}")


@pytest.mark.parametrize("error", [KeyError("step"), RuntimeError("shapes differ"), FileNotFoundError(2, "none", "x")])
def test_a_fault_of_the_program_is_not_explained_away(error):
    assert explain(error) is None


def test_under_deepspeeds_launcher_an_error_stands_between_empty_lines_with_a_note_on_what_follows(failed, monkeypatch):
    monkeypatch.setenv("CROSS_SIZE", "1")
    code, message = failed("--global_batch", "0")
    assert code == 2
    assert message == f"\nerror: --global_batch must be at least 1, got 0\n{AFTERWARDS}\n"
