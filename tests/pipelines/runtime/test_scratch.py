"""Scratch directories are removed, also those of killed processes."""

from __future__ import annotations

import subprocess
import sys

import pytest

from pipelines.runtime.scratch import scratch_directory, scratch_root
from tests.support.commands import ROOT

HOLD = "from pipelines.runtime.scratch import scratch_directory as s\nwith s() as d: print(d, flush=True); input()"


@pytest.fixture(autouse=True)
def own_root(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", None)
    monkeypatch.setenv("TMPDIR", str(tmp_path))


def test_a_scratch_directory_is_removed_at_the_end_of_its_block():
    with scratch_directory() as directory:
        (directory / "copy").write_bytes(b"x")
        assert directory.parent == scratch_root()
    assert not directory.exists()


def test_directories_of_killed_processes_are_removed_and_those_in_use_are_kept():
    holder = subprocess.Popen([sys.executable, "-c", HOLD], cwd=ROOT, stdout=subprocess.PIPE, stdin=subprocess.PIPE)
    assert holder.stdout
    theirs = holder.stdout.readline().decode().strip()
    with scratch_directory() as one, scratch_directory() as other:
        assert {path.name for path in scratch_root().iterdir()} == {one.name, other.name, theirs.rpartition("/")[2]}
    holder.kill()
    holder.communicate()
    assert [str(path) for path in scratch_root().iterdir()] == [theirs]
    with scratch_directory() as mine:
        assert list(scratch_root().iterdir()) == [mine]
