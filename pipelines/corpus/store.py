"""The files of one corpus, by their path under OUT.

A file under OUT is either complete or absent: it is written under `OUT/work/tmp` and renamed into place.
"""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from apache_beam.io.filesystem import BeamIOError
from apache_beam.io.filesystems import FileSystems

from pipelines.runtime.files import RAW, delete, exists, is_local, match_below, open_read, read_bytes


def _sync_directory(directory: Path) -> None:
    """Makes renames in a directory durable, in the order in which they were made."""
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


class CorpusStore:
    """The files of one corpus, by their path under OUT.

    Args:
        output: OUT, a path or URI.
    """

    def __init__(self, output: str) -> None:
        self.output = output

    def uri(self, *parts: str) -> str:
        """Returns the uri of a file under OUT."""
        return FileSystems.join(self.output, *parts)

    def exists(self, *parts: str) -> bool:
        """Returns whether a file under OUT exists, which means that it is complete."""
        return exists(self.uri(*parts))

    def finished_shards(self) -> set[str]:
        """Returns the names of all finished shards. Uses one listing, because each request to a bucket is slow."""
        files = {uri.rpartition("/")[2] for uri in self.match("shards", "*")}
        names = {name.removesuffix(".parquet") for name in files if name.endswith(".parquet")}
        return {name for name in names if f"{name}.tar" in files}

    def has_shard(self, name: str) -> bool:
        """Returns whether a shard is finished: its tar exists, and its parquet, which is written after the tar."""
        return self.exists("shards", f"{name}.tar") and self.exists("shards", f"{name}.parquet")

    def read(self, *parts: str) -> bytes:
        """Returns the content of a file under OUT."""
        return read_bytes(self.uri(*parts))

    def open(self, *parts: str) -> BinaryIO:
        """Opens a file under OUT for reading, as a seekable stream."""
        return open_read(self.uri(*parts))

    def write(self, data: bytes, *parts: str) -> None:
        """Writes a file under OUT completely or, on an error, not at all."""
        with self.create(*parts) as stream:
            stream.write(data)

    @contextmanager
    def create(self, *parts: str) -> Iterator[BinaryIO]:
        """Opens a new file under OUT for writing. It appears only when the block ends without an error."""
        # A random name: on a cluster two workers may write the same shard, and each must finish its own file.
        temporary = self.uri("work", "tmp", uuid.uuid4().hex)
        target = self.uri(*parts)
        try:
            with FileSystems.create(temporary, **RAW) as stream:
                yield stream
                if is_local(target):  # else a power failure could leave the name without the bytes
                    stream.flush()
                    os.fsync(stream.fileno())
        except BaseException:
            with suppress(OSError, BeamIOError):  # frees the space again if the disk is full
                delete([temporary])
            raise
        if is_local(target):
            Path(target).parent.mkdir(parents=True, exist_ok=True)
        FileSystems.rename([temporary], [target])
        if is_local(target):
            _sync_directory(Path(target).parent)

    def match(self, *parts: str) -> list[str]:
        """Returns the files under OUT that match a pattern, sorted."""
        return match_below(self.output, *parts)

    def delete(self, *parts: str) -> None:
        """Deletes a file under OUT, if it is there."""
        delete([self.uri(*parts)])

    def unexpected_files(self) -> list[str]:
        """Returns all files in OUT at any depth, except those that an interrupted command had started to write."""
        unfinished = self.uri("work", "tmp")
        return [uri for uri in self.match("**") if not uri.startswith(unfinished)]

    def clear_work(self) -> None:
        """Removes the files that only an unfinished build needs."""
        for pattern in ("config.json", "units.arrow", "inspect/*", "tmp/*"):
            delete(self.match("work", *pattern.split("/")))
        if is_local(self.output):
            for directory in ("work/inspect", "work/tmp", "work"):
                with suppress(OSError):  # it does not exist, or holds files of somebody else
                    Path(self.uri(directory)).rmdir()
