"""Copies the checkpoints and the model of a run to remote storage while the training continues."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from pathlib import Path
from queue import SimpleQueue
from threading import Thread
from typing import Any

from schemas import UsageError
from trainer import distributed
from trainer.checkpoints.manifest import MANIFEST
from trainer.data.remote import open_url, unreachable

logger = logging.getLogger("trainer")


class Uploads:
    """Copies finished directories of a run in a separate thread. Errors are logged and never raised.

    A failed copy is retried when the next directory is added, and once more at the end. The manifest is copied last:
    without it, an incomplete copy is not a valid checkpoint.

    Args:
        url: target of the copies, as an fsspec URL. `run_dir/checkpoints/...` is copied to `url/checkpoints/...`.
        run_dir: directory of the run.
    """

    def __init__(self, url: str, run_dir: Path) -> None:
        self.url = url.rstrip("/")
        self.run_dir = run_dir
        self._left: list[Path] = []
        self._copying: Path | None = None
        self._more: SimpleQueue[bool] = SimpleQueue()
        # A daemon thread: a run that fails does not wait for the network.
        self._thread = Thread(target=self._work, name="uploads", daemon=True)
        self._thread.start()

    def add(self, directory: Path) -> None:
        """Requests a copy of a directory. Its files must not change any more."""
        self._left.append(directory)
        self._more.put(True)

    def is_copying(self, directory: Path) -> bool:
        """Returns whether a directory is being copied now and should not be removed."""
        return self._copying == directory

    def finish(self, last: Iterable[Path] = ()) -> None:
        """Requests the `last` copies and waits until all copies are done or have failed again."""
        self._left.extend(last)
        self._more.put(False)
        self._thread.join()

    def _work(self) -> None:
        while self._more.get():
            self._copy_all()
        self._copy_all()
        for directory in self._left:
            logger.warning(f"{directory} was not copied to {self.url}: copy it manually")

    def _copy_all(self) -> None:
        for directory in list(self._left):
            self._copying = directory
            if not directory.exists():
                logger.warning(f"{directory} is not copied to {self.url}: --keep_last removed it before the copy began")
                self._left.remove(directory)
            elif self._copied(directory):
                self._left.remove(directory)
            self._copying = None

    def _copied(self, directory: Path) -> bool:
        target = f"{self.url}/{directory.relative_to(self.run_dir)}"
        try:
            _copy(directory, target)
        except Exception as error:  # noqa: BLE001  # each backend of fsspec has its own types of errors
            logger.warning(f"{target} could not be written: {type(error).__name__}: {error}")
            return False
        return True


def start_uploads(url: str, run_dir: Path) -> Uploads | None:
    """Starts the copies to `url`. Returns None if `url` is empty, and on all ranks except the first."""
    return Uploads(url, run_dir) if url and distributed.rank() == 0 else None


def require_uploads(url: str, run_dir: Path) -> None:
    """Checks that a run can be copied to `url`. Creates nothing.

    Raises:
        UsageError: the URL has an unknown protocol, cannot be reached, is a file, or is the run's own directory.
    """
    if not url:
        return
    filesystem, target = open_url("--upload_to", url)
    from fsspec.implementations.local import LocalFileSystem

    if isinstance(filesystem, LocalFileSystem) and Path(target).resolve() == run_dir.resolve():
        raise UsageError(f"--upload_to {url} is the run's own directory: choose another target")
    if _kind(filesystem, target, url) == "file":
        raise UsageError(f"--upload_to {url} is a file: give a directory. It need not exist")


def _kind(filesystem: Any, target: str, url: str) -> str | None:
    """Returns `file` or `directory`; None if the target does not exist yet or may be written but not listed."""
    try:
        return str(filesystem.info(target)["type"])
    except (FileNotFoundError, PermissionError):
        return None
    except Exception as error:  # each backend of fsspec has its own types of errors
        raise unreachable("--upload_to", url, error) from error


def _copy(directory: Path, url: str) -> None:
    from fsspec.core import url_to_fs

    filesystem, target = url_to_fs(url)
    files = [path for path in directory.rglob("*") if path.is_file()]
    for path in sorted(files, key=lambda path: path.name == MANIFEST):
        remote = f"{target}/{path.relative_to(directory)}"
        filesystem.makedirs(remote.rpartition("/")[0], exist_ok=True)
        filesystem.put_file(str(path), remote)
