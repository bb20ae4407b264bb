"""Temporary directories below one common directory. The next run removes what a killed run has left there."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from schemas import FolioError


def scratch_root() -> Path:
    """Returns the parent of all scratch directories of this user: `folio-UID` in the system's temporary directory.

    Raises:
        FolioError: it belongs to another user.
    """
    root = Path(tempfile.gettempdir()) / f"folio-{os.getuid()}"
    root.mkdir(mode=0o700, exist_ok=True)
    if root.stat().st_uid != os.getuid():
        raise FolioError(f"{root} belongs to another user: set TMPDIR to a directory that belongs to you.")
    return root


@contextmanager
def scratch_directory() -> Iterator[Path]:
    """Creates an empty directory and removes it when the block ends.

    If this process is killed, the next call in any process removes it. A directory in use is locked. The kernel
    releases the lock when the process ends, however it ends.
    """
    root = scratch_root()
    with ExitStack() as in_use:
        with locked(root):  # until the new directory has its own lock, it would look abandoned
            _remove_abandoned(root)
            directory = Path(tempfile.mkdtemp(dir=root))
            in_use.enter_context(locked(directory))
        try:
            yield directory
        finally:
            shutil.rmtree(directory, ignore_errors=True)


def link_in(scratch: Path, path: Path) -> Path:
    """Links to a file in a scratch directory, under a name that each library can open.

    Args:
        scratch: the directory.
        path: the file; its name can be one that is not UTF-8.
    """
    link = scratch / hashlib.sha256(os.fsencode(path)).hexdigest()
    if not link.is_symlink():
        link.symlink_to(path.absolute())
    return link


def _remove_abandoned(root: Path) -> None:
    for directory in root.iterdir():
        with suppress(BlockingIOError, FileNotFoundError), locked(directory, fcntl.LOCK_NB):
            shutil.rmtree(directory, ignore_errors=True)


@contextmanager
def locked(directory: Path, flags: int = 0) -> Iterator[None]:
    """Holds a lock of the kernel on a directory. The lock ends with this process, however it ends.

    Nothing is written to disk, and child processes do not inherit the lock.

    Args:
        directory: what to lock; must exist.
        flags: `fcntl.LOCK_NB` to fail at once instead of waiting.

    Raises:
        BlockingIOError: another process holds the lock, and `flags` say not to wait.
    """
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | flags)
        yield
    finally:
        os.close(descriptor)
