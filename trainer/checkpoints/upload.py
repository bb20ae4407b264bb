"""Copies of a run's checkpoints and model on another machine, made beside the training."""

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
    """Copies finished directories of a run in a thread of its own. What goes wrong there is said and never raised.

    A directory whose copy failed is tried again after the next one, and once more at the end. In a copy the manifest
    comes last: without it, it is no checkpoint.

    Args:
        url: where to, as fsspec takes it; `url/checkpoints/step-00000500` is the copy of `run_dir/checkpoints/...`.
    """

    def __init__(self, url: str, run_dir: Path) -> None:
        self.url = url.rstrip("/")
        self.run_dir = run_dir
        self._left: list[Path] = []
        self._copying: Path | None = None
        self._more: SimpleQueue[bool] = SimpleQueue()
        # A daemon, so that a run that fails does not wait for a network.
        self._thread = Thread(target=self._work, name="uploads", daemon=True)
        self._thread.start()

    def add(self, directory: Path) -> None:
        """Asks for a copy of a directory whose files will not change."""
        self._left.append(directory)
        self._more.put(True)

    def copies(self, directory: Path) -> bool:
        """Tells whether a directory is being copied now, so that it had better stay."""
        return self._copying == directory

    def finish(self, last: Iterable[Path] = ()) -> None:
        """Asks for the `last` copies and waits until all are made, or have failed once more."""
        self._left.extend(last)
        self._more.put(False)
        self._thread.join()

    def _work(self) -> None:
        while self._more.get():
            self._copy_all()
        self._copy_all()
        for directory in self._left:
            logger.warning(f"{directory} was not copied to {self.url}: copy it by hand")

    def _copy_all(self) -> None:
        for directory in list(self._left):
            self._copying = directory
            if not directory.exists():
                logger.warning(f"{directory} is not copied to {self.url}: --keep_last removed it before it could be")
                self._left.remove(directory)
            elif self._copied(directory):
                self._left.remove(directory)
            self._copying = None

    def _copied(self, directory: Path) -> bool:
        target = f"{self.url}/{directory.relative_to(self.run_dir)}"
        try:
            _copy(directory, target)
        except Exception as error:  # noqa: BLE001  # each backend of fsspec has kinds of errors of its own
            logger.warning(f"{target} could not be written: {type(error).__name__}: {error}")
            return False
        return True


def start_uploads(url: str, run_dir: Path) -> Uploads | None:
    """Returns what copies to `url`; None where that is empty, and on all ranks but the first."""
    return Uploads(url, run_dir) if url and distributed.rank() == 0 else None


def require_uploads(url: str, run_dir: Path) -> None:
    """Raises `UsageError` where nothing could be copied: no such kind of URL, no way there, a file, the run itself."""
    if not url:
        return
    filesystem, target = open_url("--upload_to", url)
    from fsspec.implementations.local import LocalFileSystem

    if isinstance(filesystem, LocalFileSystem) and Path(target).resolve() == run_dir.resolve():
        raise UsageError(f"--upload_to {url} is the run's own directory: name another place")
    if _kind(filesystem, target, url) == "file":
        raise UsageError(f"--upload_to {url} is a file: name a directory, which need not exist")


def _kind(filesystem: Any, target: str, url: str) -> str | None:
    """Returns `file` or `directory`; None for what is not there yet, or may be written and not looked at."""
    try:
        return str(filesystem.info(target)["type"])
    except (FileNotFoundError, PermissionError):
        return None
    except Exception as error:  # each backend of fsspec has kinds of errors of its own
        raise unreachable("--upload_to", url, error) from error


def _copy(directory: Path, url: str) -> None:
    from fsspec.core import url_to_fs

    filesystem, target = url_to_fs(url)
    files = [path for path in directory.rglob("*") if path.is_file()]
    for path in sorted(files, key=lambda path: path.name == MANIFEST):
        remote = f"{target}/{path.relative_to(directory)}"
        filesystem.makedirs(remote.rpartition("/")[0], exist_ok=True)
        filesystem.put_file(str(path), remote)
