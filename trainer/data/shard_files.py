"""Where the shards of a corpus lie as local files: in the corpus itself, or in a bounded cache of a remote one.

A shard whose bytes are not those that the index names is refused before any of its samples is read.
"""

from __future__ import annotations

import fcntl
import os
import re
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Protocol

import torch

from schemas import FolioError, ShardInfo
from schemas.support.hashing import sha256_of

ATTEMPTS = 6  # to fetch a shard
FIRST_PAUSE_S = 0.5  # after a failed attempt; doubles
SHA256 = re.compile("[0-9a-f]{64}")


class ShardError(FolioError):
    """A shard cannot be had, or its bytes are not those that were built."""


class ShardFiles(Protocol):
    """The shards of one corpus, by the numbers that the index gives them."""

    shards: Sequence[ShardInfo]

    def path(self, number: int) -> Path:
        """Returns a local file with the bytes that the index names.

        Raises:
            ShardError: there is none to be had.
        """
        ...


class LocalShards:
    """The shards of a corpus on a local disk; each is hashed once a rank, before it is first read.

    Args:
        folder: that holds the tars.
    """

    def __init__(self, folder: Path, shards: Sequence[ShardInfo]) -> None:
        self.folder = folder
        self.shards = shards
        self._sound = torch.zeros(len(shards), dtype=torch.bool).share_memory_()  # with the rank's workers

    def path(self, number: int) -> Path:
        """Returns the shard's own file."""
        shard = self.shards[number]
        path = self.folder / f"{shard.name}.tar"
        if not self._sound[number]:
            try:
                digest = sha256_of(path)
            except OSError as error:
                raise ShardError(f"{path} cannot be read: {error}; fetch or build it again.") from error
            if digest != shard.sha256:
                raise ShardError(
                    f"{path} is not the shard that the index names (sha256 {digest[:12]}, not {shard.sha256[:12]}): "
                    "fetch or build it again."
                )
            self._sound[number] = True
        return path


class CachedShards:
    """The shards of a remote corpus, fetched into a folder that all processes of a machine share.

    Files there are named by their hash: HASH.tar, HASH.part while it comes, and HASH.lock, which is empty and stays,
    since whoever waits for a lock that is removed would not see who takes a new one. A failed fetch is tried again
    after a pause, as is one whose bytes are wrong.

    Args:
        url: of the folder that holds the tars, as fsspec takes it.
        cache: the local folder.
    """

    def __init__(self, url: str, shards: Sequence[ShardInfo], cache: Path) -> None:
        self.url = url
        self.shards = shards
        self.cache = cache

    def path(self, number: int) -> Path:
        """Returns the cached file, fetched if need be."""
        path = self.cached(number)
        try:
            while not _used_now(path):
                with _only_one(path):
                    if not path.exists():
                        self._fetch(self.shards[number], path)
        except OSError as error:
            raise ShardError(f"--cache_dir {self.cache} cannot be used: {error}; make it writable again.") from error
        return path

    def cached(self, number: int) -> Path:
        """Returns where the shard is, or will be."""
        return self.cache / f"{self.shards[number].sha256}.tar"

    def _fetch(self, shard: ShardInfo, path: Path) -> None:
        url = f"{self.url}/{shard.name}.tar"
        fault = ""
        for attempt in range(ATTEMPTS):
            if attempt:
                time.sleep(FIRST_PAUSE_S * 2 ** (attempt - 1))
            try:
                if _download(url, path) == shard.sha256:
                    return
                fault = "its bytes are not those that the index names"
            except Exception as error:  # noqa: BLE001  # each backend of fsspec has kinds of errors of its own
                fault = f"{type(error).__name__}: {error}"
        raise ShardError(f"{url} cannot be fetched, tried {ATTEMPTS} times: {fault}.")


def _download(url: str, path: Path) -> str:
    """Copies a file to the cache and returns its SHA-256; the copy stays only where that is the name it is given."""
    from fsspec.core import url_to_fs

    partial = path.with_suffix(".part")
    # Instances hold connections of the process that made them, so one that a parent left is never taken.
    filesystem, remote = url_to_fs(url, skip_instance_cache=True)
    filesystem.get_file(remote, str(partial))
    digest = sha256_of(partial)
    if f"{digest}.tar" == path.name:
        partial.replace(path)
    return digest


def cached_files(cache: Path, suffix: str) -> list[tuple[int, int, Path]]:
    """Returns time of last use (ns), size in bytes and path of the files in a cache that are ours, oldest first.

    Args:
        suffix: `.tar` of whole shards, `.part` of those that are on their way.
    """
    found = []
    for path in cache.glob(f"*{suffix}"):
        if SHA256.fullmatch(path.stem) and path.is_file():
            with suppress(FileNotFoundError):  # another run may remove it meanwhile
                stat = path.stat()
                found.append((stat.st_mtime_ns, stat.st_size, path))
    return sorted(found)


def remove_leftovers(cache: Path) -> None:
    """Removes what fetches that were killed or failed have left, and nothing that a process is fetching now."""
    for _, _, partial in cached_files(cache, ".part"):
        with suppress(BlockingIOError), _only_one(partial, fcntl.LOCK_EX | fcntl.LOCK_NB):
            partial.unlink(missing_ok=True)


def _used_now(path: Path) -> bool:
    """Tells whether a file exists, and notes that it is used: what was used last is removed last."""
    try:
        os.utime(path)
    except FileNotFoundError:
        return False
    return True


@contextmanager
def _only_one(path: Path, how: int = fcntl.LOCK_EX) -> Iterator[None]:
    """Lets one thread of one process at a time work on a shard; the kernel frees the lock of a process that dies."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path.with_suffix(".lock"), os.O_CREAT | os.O_RDWR, 0o666)
    try:
        fcntl.flock(descriptor, how)  # not lockf as in run.directory: that lets the threads of one process in together
        yield
    finally:
        os.close(descriptor)
