"""The files of one corpus, by their path under OUT.

A file under OUT is either complete or absent: it is written under `OUT/work/tmp` and renamed into place.
"""

from __future__ import annotations

import glob
import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from apache_beam.io.filesystem import BeamIOError
from apache_beam.io.filesystems import FileSystems

from pipelines.runtime.files import RAW, delete, exists, is_local, match, open_read, read_bytes


def _sync_directory(directory: Path) -> None:
    """Makes renames in a directory last, in the order in which they were made."""
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


class CorpusStore:
    """The files of one corpus, by their path under OUT."""

    def __init__(self, output: str) -> None:
        self.output = output

    def uri(self, *parts: str) -> str:
        """Returns the uri of a file under OUT."""
        return FileSystems.join(self.output, *parts)

    def exists(self, *parts: str) -> bool:
        """Tells whether a file under OUT is there, so complete."""
        return exists(self.uri(*parts))

    def finished_shards(self) -> set[str]:
        """Returns the names of all finished shards, by one listing: a bucket takes its time for every question."""
        files = {uri.rpartition("/")[2] for uri in self.match("shards", "*")}
        names = {name.removesuffix(".parquet") for name in files if name.endswith(".parquet")}
        return {name for name in names if f"{name}.tar" in files}

    def has_shard(self, name: str) -> bool:
        """Tells whether a shard is finished: its tar, and its parquet, which is written after it."""
        return self.exists("shards", f"{name}.tar") and self.exists("shards", f"{name}.parquet")

    def read(self, *parts: str) -> bytes:
        """Returns a file under OUT."""
        return read_bytes(self.uri(*parts))

    def open(self, *parts: str) -> BinaryIO:
        """Opens a file under OUT to read; seekable."""
        return open_read(self.uri(*parts))

    def write(self, data: bytes, *parts: str) -> None:
        """Writes a file under OUT, all of it or none."""
        with self.create(*parts) as stream:
            stream.write(data)

    @contextmanager
    def create(self, *parts: str) -> Iterator[BinaryIO]:
        """Opens a new file under OUT that appears when the block ends well, and never otherwise."""
        # A random name: on a cluster two workers may try the same shard, and each must finish its own file.
        temporary = self.uri("work", "tmp", uuid.uuid4().hex)
        target = self.uri(*parts)
        try:
            with FileSystems.create(temporary, **RAW) as stream:
                yield stream
                if is_local(target):  # or a power cut could leave the name without the bytes
                    stream.flush()
                    os.fsync(stream.fileno())
        except BaseException:
            with suppress(OSError, BeamIOError):  # a full disk should get its room back
                delete([temporary])
            raise
        if is_local(target):
            Path(target).parent.mkdir(parents=True, exist_ok=True)
        FileSystems.rename([temporary], [target])
        if is_local(target):
            _sync_directory(Path(target).parent)

    def match(self, *parts: str) -> list[str]:
        """Returns the files under OUT that match a pattern, sorted."""
        return match(FileSystems.join(glob.escape(self.output), *parts))

    def delete(self, *parts: str) -> None:
        """Deletes a file under OUT, if it is there."""
        delete([self.uri(*parts)])

    def strangers(self) -> list[str]:
        """Returns what is in OUT, on whatever level, but for a file that an interrupted command had begun to write."""
        begun = self.uri("work", "tmp")
        return [uri for uri in self.match("**") if not uri.startswith(begun)]

    def clear_work(self) -> None:
        """Removes what only an unfinished build needs."""
        for pattern in ("config.json", "units.arrow", "inspect/*", "tmp/*"):
            delete(self.match("work", *pattern.split("/")))
        if is_local(self.output):
            for directory in ("work/inspect", "work/tmp", "work"):
                with suppress(OSError):  # it is not there, or somebody put something into it
                    Path(self.uri(directory)).rmdir()
