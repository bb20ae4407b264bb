"""Fetching documents: errors of the file are separated from temporary errors of the storage."""

from __future__ import annotations

import errno
import io
import os

import pytest
from apache_beam.io.filesystems import FileSystems
from apache_beam.io.localfilesystem import LocalFileSystem

from pipelines.runtime.local_copy import UnreadableError, local_copy
from schemas import FolioError


class ForbiddenError(Exception):
    """Like the error of the clients of Google's and Amazon's buckets."""

    code = 403


class FlakyFileSystem(LocalFileSystem):
    """A bucket `flaky://` that raises the errors in `faults`, one per request, before it returns bytes."""

    faults: list[Exception] = []  # noqa: RUF012 - set by each test

    @classmethod
    def scheme(cls):
        return "flaky"

    def open(self, path, mime_type="", compression_type=""):
        if self.faults:
            raise self.faults.pop(0)
        return io.BytesIO(path.encode())


@pytest.fixture
def flaky():
    FlakyFileSystem.faults = []
    yield FlakyFileSystem.faults
    FlakyFileSystem.faults = []


def test_a_local_file_is_read_where_it_is(tmp_path):
    path = tmp_path / "a.pdf"
    path.write_bytes(b"x")
    assert local_copy(str(path), tmp_path) == path


def test_a_remote_file_is_copied_once(flaky, tmp_path):
    assert isinstance(FileSystems.get_filesystem("flaky://bucket/a.pdf"), FlakyFileSystem)
    copy = local_copy("flaky://bucket/a.pdf", tmp_path)
    assert copy.read_bytes() == b"flaky://bucket/a.pdf"
    flaky.append(ConnectionResetError())
    assert local_copy("flaky://bucket/a.pdf", tmp_path, waits_s=()) == copy


@pytest.mark.parametrize(
    "fault", [ConnectionResetError("reset by peer"), TimeoutError(), OSError(errno.ENOSPC, "disk full"), RuntimeError()]
)
def test_a_temporary_error_is_retried_after_a_wait(flaky, tmp_path, fault):
    flaky += [fault, fault]
    assert local_copy("flaky://bucket/a.pdf", tmp_path, waits_s=(0, 0)).read_bytes() == b"flaky://bucket/a.pdf"


def test_a_lasting_storage_error_stops_the_run_and_is_not_recorded_for_the_document(flaky, tmp_path):
    flaky += [ConnectionResetError("reset by peer")] * 3
    with pytest.raises(FolioError, match=r"flaky://bucket/a.pdf could not be fetched in 3 attempts \(reset by peer\)"):
        local_copy("flaky://bucket/a.pdf", tmp_path, waits_s=(0, 0))
    assert {path.suffix for path in tmp_path.iterdir()} == {".part"}, (
        "an incomplete copy must not look like a complete one"
    )


@pytest.mark.parametrize("fault", [FileNotFoundError(errno.ENOENT, "gone"), ForbiddenError("not yours")])
def test_a_missing_or_forbidden_file_is_not_retried(flaky, tmp_path, fault):
    flaky += [fault]
    with pytest.raises(UnreadableError, match=r"gone|not yours"):
        local_copy("flaky://bucket/a.pdf", tmp_path, waits_s=(600,))


def test_a_local_path_without_a_regular_file_is_an_error_of_the_document(tmp_path):
    (tmp_path / "dangling.pdf").symlink_to(tmp_path / "gone.pdf")
    os.mkfifo(tmp_path / "pipe.pdf")
    for name in ("missing.pdf", "dangling.pdf", "pipe.pdf", "x" * 300, "nul\0.pdf", "."):
        with pytest.raises(UnreadableError):
            local_copy(str(tmp_path / name), tmp_path, waits_s=(600,))


def test_a_file_name_that_is_not_utf_8_is_found_by_its_escaped_form(tmp_path):
    name = tmp_path / os.fsdecode(b"caf\xe9.pdf")
    name.write_bytes(b"menu")
    (tmp_path / "scratch").mkdir()
    assert local_copy(f"{tmp_path}/caf\\xe9.pdf", tmp_path / "scratch").read_bytes() == b"menu"
    (tmp_path / "caf\\xe9.pdf").write_bytes(b"its literal name")
    assert local_copy(f"{tmp_path}/caf\\xe9.pdf", tmp_path / "scratch").read_bytes() == b"its literal name"
