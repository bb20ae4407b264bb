"""Directories for a while, all below one: what a killed run leaves there, the next run removes."""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from schemas import FolioError


def scratch_root() -> Path:
    """Returns the directory below which all scratch directories of this user lie: `folio-UID` in the system's own.

    Raises:
        FolioError: it belongs to somebody else.
    """
    root = Path(tempfile.gettempdir()) / f"folio-{os.getuid()}"
    root.mkdir(mode=0o700, exist_ok=True)
    if root.stat().st_uid != os.getuid():
        raise FolioError(f"{root} belongs to another user: set TMPDIR to a directory of your own.")
    return root


@contextmanager
def scratch_directory() -> Iterator[Path]:
    """Makes an empty directory that goes when the block ends, or with the next one made if this process is killed.

    The mark of a directory in use is a lock, which ends with its process however that ends.
    """
    root = scratch_root()
    with ExitStack() as in_use:
        with locked(root):  # nobody takes a directory for an abandoned one before its own lock is set
            _remove_abandoned(root)
            directory = Path(tempfile.mkdtemp(dir=root))
            in_use.enter_context(locked(directory))
        try:
            yield directory
        finally:
            shutil.rmtree(directory, ignore_errors=True)


def _remove_abandoned(root: Path) -> None:
    for directory in root.iterdir():
        with suppress(BlockingIOError, FileNotFoundError), locked(directory, fcntl.LOCK_NB):
            shutil.rmtree(directory, ignore_errors=True)


@contextmanager
def locked(directory: Path, flags: int = 0) -> Iterator[None]:
    """Holds the kernel's lock on a directory, which ends with this process however that ends.

    Nothing is written, and no process that this one starts inherits the lock.

    Args:
        flags: `fcntl.LOCK_NB` for not to wait.

    Raises:
        BlockingIOError: another process holds it, and `flags` say not to wait.
    """
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | flags)
        yield
    finally:
        os.close(descriptor)
