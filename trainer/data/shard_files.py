"""Local files of the shards of a remote corpus, in a cache of limited size.

The SHA-256 of a shard is compared with the index before any of its samples is read.
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

from schemas import FolioError, ShardInfo
from schemas.support.hashing import sha256_of

ATTEMPTS = 6  # maximum number of attempts to fetch a shard
FIRST_PAUSE_S = 0.5  # pause after the first failed attempt; doubles after each further one
SHA256 = re.compile("[0-9a-f]{64}")
REPAIR = "fetch or build it again"


class ShardError(FolioError):
    """A shard cannot be read or fetched, or its SHA-256 differs from the index."""


class ShardFiles(Protocol):
    """The shards of one corpus, by their numbers in the index."""

    shards: Sequence[ShardInfo]

    def path(self, number: int) -> Path:
        """Returns a local file of the shard whose SHA-256 agrees with the index.

        Raises:
            ShardError: the shard cannot be read or fetched, or its SHA-256 differs.
        """
        ...


class CachedShards:
    """The shards of a remote corpus. They are fetched into a local folder that all processes of a machine share.

    Files in the folder are named by the hash of the shard: HASH.tar, HASH.part during the fetch, and HASH.lock. The
    lock file is empty and is never removed: a process that waits for the lock of a removed file would not exclude a
    process that locks a new file of the same name.

    A fetch is repeated after a pause if it fails or if the hash of its result is wrong.

    Args:
        url: of the folder that contains the tars, in a form that fsspec accepts.
        shards: the shards of the index.
        cache: the local folder.
    """

    def __init__(self, url: str, shards: Sequence[ShardInfo], cache: Path) -> None:
        self.url = url
        self.shards = shards
        self.cache = cache

    def path(self, number: int) -> Path:
        """Returns the cached file. If it is not there, it is fetched first.

        Raises:
            ShardError: the shard cannot be fetched, or the cache folder cannot be used.
        """
        path = self.cached(number)
        try:
            while not _mark_as_used(path):
                with locked(path):
                    if not path.exists():
                        self._fetch(self.shards[number], path)
        except OSError as error:
            raise ShardError(f"--cache_dir {self.cache} cannot be used: {error}; make it writable again.") from error
        return path

    def cached(self, number: int) -> Path:
        """Returns the path of a shard in the cache, also if it is not fetched yet."""
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
                fault = "its SHA-256 differs from the one in the index"
            except Exception as error:  # noqa: BLE001  # each backend of fsspec has its own types of errors
                fault = f"{type(error).__name__}: {error}"
        raise ShardError(f"{url} cannot be fetched, tried {ATTEMPTS} times: {fault}.")


def _download(url: str, path: Path) -> str:
    """Copies a file to the cache and returns its SHA-256. It becomes `path` only if `path` is named by this SHA-256."""
    from fsspec.core import url_to_fs

    partial = path.with_suffix(".part")
    # A cached instance may have connections of the parent process, which a forked process must not use.
    filesystem, remote = url_to_fs(url, skip_instance_cache=True)
    filesystem.get_file(remote, str(partial))
    digest = sha256_of(partial)
    if f"{digest}.tar" == path.name:
        partial.replace(path)
    return digest


def cached_files(cache: Path, suffix: str) -> list[tuple[int, int, Path]]:
    """Returns time of last use (ns), size in bytes and path of the files that `CachedShards` wrote, oldest first.

    Args:
        cache: the folder of cached shards.
        suffix: `.tar` for complete shards, `.part` for shards that are being fetched.
    """
    found = []
    for path in cache.glob(f"*{suffix}"):
        if SHA256.fullmatch(path.stem) and path.is_file():
            with suppress(FileNotFoundError):  # another run may remove it at the same time
                stat = path.stat()
                found.append((stat.st_mtime_ns, stat.st_size, path))
    return sorted(found)


def remove_leftovers(cache: Path) -> None:
    """Removes the partial files of killed or failed fetches, but not of those that still run."""
    for _, _, partial in cached_files(cache, ".part"):
        with suppress(BlockingIOError), locked(partial, fcntl.LOCK_EX | fcntl.LOCK_NB):
            partial.unlink(missing_ok=True)


def _mark_as_used(path: Path) -> bool:
    """Sets the time of last use of a file, which decides what is removed first. Returns whether the file exists."""
    try:
        os.utime(path)
    except FileNotFoundError:
        return False
    return True


@contextmanager
def locked(path: Path, operation: int = fcntl.LOCK_EX) -> Iterator[None]:
    """Holds the lock of a shard, which only one thread of one process can hold. It ends when the process dies."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path.with_suffix(".lock"), os.O_CREAT | os.O_RDWR, 0o666)
    try:
        # Not lockf as in run.directory: lockf does not exclude threads of the same process from each other.
        fcntl.flock(descriptor, operation)
        yield
    finally:
        os.close(descriptor)
