"""Checks, creates and locks the directory of a run, and checks and creates the folder of its cache."""

from __future__ import annotations

import fcntl
import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryFile

from schemas import UsageError
from schemas.index import INDEX_NAME
from trainer import distributed
from trainer.data.corpora import OpenCorpus
from trainer.data.shard_files import CachedShards
from trainer.settings.data import DataSettings

LOCK_NAME = ".lock"
BEST_NAME = "best.json"  # step and score of the exported model of a fine-tuned run


def require_run_dir(output: str) -> None:
    """Checks the directory of a run. Creates nothing.

    Raises:
        UsageError: it is remote, is a file or a corpus, or cannot be created.
    """
    if "://" in output:
        raise UsageError(f"--output {output} is remote, but a run needs a local directory: pass one and copy it later.")
    path = Path(output)
    try:
        existing = next(place for place in (path, *path.absolute().parents) if place.exists())
    except OSError as error:
        raise UsageError(f"--output {path} cannot be created ({error.strerror}): choose another directory.") from error
    if not existing.is_dir():
        raise UsageError(f"--output {path} cannot be created ({existing} is a file): choose another directory.")
    if (path / INDEX_NAME).exists():
        raise UsageError(f"--output {path} is a corpus: choose another directory. It need not exist.")


def make_run_dir(output: str) -> None:
    """Creates the directory of a run if it does not exist.

    Raises:
        UsageError: it cannot be created, or is not writable.
    """
    _make_dir("--output", Path(output))


def make_cache(settings: DataSettings, corpora: Sequence[OpenCorpus]) -> None:
    """Creates the cache folder for the shards of remote corpora, if there are any.

    Raises:
        UsageError: it cannot be created, is not writable, or `--cache_gb` is too small. The cache must hold two groups
            of `--shuffle_shards` shards: the one that is read and the one that is fetched meanwhile.
    """
    remote = [files for corpus in corpora if isinstance(files := corpus.train.files, CachedShards)]
    largest = (sorted((shard.bytes for shard in files.shards), reverse=True) for files in remote)
    needed = sum(sum(sizes[: 2 * settings.shuffle_shards]) for sizes in largest)
    if needed > settings.cache_gb * 1e9:
        raise UsageError(
            f"--cache_gb {settings.cache_gb:g} is too small for 2 x --shuffle_shards {settings.shuffle_shards}: "
            f"pass at least {math.ceil(needed / 1e8) / 10:g}, or lower --shuffle_shards."
        )
    if remote:
        _make_dir("--cache_dir", remote[0].cache)


def _make_dir(flag: str, path: Path) -> None:
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"{flag} {path} cannot be created ({error.strerror}): choose another directory.") from error
    try:
        with TemporaryFile(dir=path):
            pass
    except OSError as error:
        raise UsageError(
            f"{flag} {path} is not writable ({error.strerror}): choose another directory or fix this one."
        ) from error


@contextmanager
def lock_run_dir(run_dir: Path) -> Iterator[None]:
    """Locks `run_dir` against other runs on this machine while the block runs. The lock of a killed run is released.

    Ranks can survive when their launcher is killed. Two runs in one directory would remove each other's checkpoints.

    Raises:
        UsageError: another run holds the lock. Only the first rank raises it; the launcher then ends the others.
    """
    if distributed.rank() != 0:
        yield
        return
    with (run_dir / LOCK_NAME).open("w") as file:
        try:
            # Not flock: worker processes would inherit its lock, and they can live a moment longer than their rank.
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except (BlockingIOError, PermissionError) as error:
            raise UsageError(
                f"--output {run_dir} is in use by another run, perhaps by the ranks of a launcher that was killed: "
                "wait until they end, or kill them."
            ) from error
        yield
