"""Records of the local shards whose hashes have been checked, in the cache folder: one small file for each shard.

All processes of a machine and all later runs use them. They can be deleted at any time.
"""

from __future__ import annotations

import hashlib
import json
import logging
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryFile

from schemas import ShardInfo
from schemas.support.hashing import sha256_of
from trainer.data.shard_files import REPAIR, ShardError, locked

logger = logging.getLogger("trainer")

RECORDS = "checked"  # name of the folder, in the cache folder
SETTLED_NS = 2 * 10**9  # the coarsest time stamps of a file system (FAT)


def records_folder(cache_dir: str) -> Path | None:
    """Creates the folder of the records. Returns None, with a warning, if it cannot be created or written.

    Args:
        cache_dir: the cache folder.
    """
    try:
        folder = Path(cache_dir, RECORDS)
        folder.mkdir(parents=True, exist_ok=True)
        with TemporaryFile(dir=folder):
            pass
    except OSError as error:
        logger.warning(
            f"warning: --cache_dir {cache_dir} cannot be used ({error.strerror}): each rank hashes the local shards, "
            "in each run. Choose a folder that can be written."
        )
        return None
    return folder


def require_hash(path: Path, shard: ShardInfo) -> None:
    """Checks the hash of a shard.

    Args:
        path: the file of the shard.
        shard: its entry in the index.

    Raises:
        ShardError: the file cannot be read, or its SHA-256 differs from the index.
    """
    try:
        digest = sha256_of(path)
    except OSError as error:
        raise ShardError(f"{path} cannot be read: {error}; {REPAIR}.") from error
    if digest != shard.sha256:
        raise ShardError(
            f"{path} is not the shard of the index (sha256 {digest[:12]}, not {shard.sha256[:12]}): {REPAIR}."
        )


def require_hash_once(path: Path, shard: ShardInfo, records: Path) -> None:
    """Checks the hash of a shard, unless a record says that this file has been checked. Writes the record.

    The lock file of the shard is also its record. Only the process that holds the lock hashes the shard. The others
    wait for the lock and then find the record. The lock of a killed process is released.

    Args:
        path: the file of the shard.
        shard: its entry in the index.
        records: the folder of the records.

    Raises:
        ShardError: the file cannot be read, or its SHA-256 differs from the index.
    """
    now, (state, changed_ns) = time.time_ns(), _state(path, shard)
    record = records / f"{hashlib.sha256(state.encode()).hexdigest()}.lock"
    with _locked_if_possible(record):
        if _content(record) == state:
            return
        require_hash(path, shard)
        # A file that changes twice within a moment can have the same times both times, so it is not remembered yet.
        if now - changed_ns > SETTLED_NS and _state(path, shard) == (state, changed_ns):
            with suppress(OSError):
                record.write_text(state, encoding="ascii")


def _state(path: Path, shard: ShardInfo) -> tuple[str, int]:
    """Returns everything that changes when a file is changed or replaced, as JSON, and the time of the last change.

    The time of the last change (`ctime_ns`) cannot be set by programs, unlike `mtime_ns`. With it and the inode, the
    copies of a corpus on several machines have different records, also in a cache folder that the machines share.
    """
    try:
        stat = path.stat()
    except OSError as error:
        raise ShardError(f"{path} cannot be read: {error}; {REPAIR}.") from error
    facts = {"bytes": stat.st_size, "mtime_ns": stat.st_mtime_ns, "ctime_ns": stat.st_ctime_ns, "inode": stat.st_ino}
    return json.dumps({"path": str(path.resolve()), "sha256": shard.sha256, **facts}) + "\n", stat.st_ctime_ns


def _content(record: Path) -> str:
    """Returns the content of a record; an empty text if it cannot be read."""
    try:
        return record.read_text(encoding="ascii", errors="replace")
    except OSError:
        return ""


@contextmanager
def _locked_if_possible(record: Path) -> Iterator[None]:
    """Holds the lock of a record. Some file systems have no locks, and the disk can be full."""
    with ExitStack() as stack:
        with suppress(OSError):
            stack.enter_context(locked(record))
        yield
