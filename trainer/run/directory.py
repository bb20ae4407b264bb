"""The directory of a run, and the folder of its cache: checked, created, and kept to one run at a time."""

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


def require_run_dir(output: str) -> None:
    """Checks the directory of a run and creates nothing.

    Raises:
        UsageError: it is not on a local disk, is a file or a corpus, or cannot be.
    """
    if "://" in output:
        raise UsageError(f"--output {output} is remote, a run writes to a local directory: name one and copy it later.")
    path = Path(output)
    try:
        there = next(place for place in (path, *path.absolute().parents) if place.exists())
    except OSError as error:
        raise UsageError(f"--output {path} cannot be created ({error.strerror}): name another directory.") from error
    if not there.is_dir():
        raise UsageError(f"--output {path} cannot be created ({there} is a file): name another directory.")
    if (path / INDEX_NAME).exists():
        raise UsageError(f"--output {path} is a corpus: name another directory, which need not exist.")


def make_run_dir(output: str) -> None:
    """Creates the directory of a run, if need be.

    Raises:
        UsageError: it cannot be created or written into.
    """
    _make_dir("--output", Path(output))


def make_cache(settings: DataSettings, corpora: Sequence[OpenCorpus]) -> None:
    """Creates the folder for the shards of remote corpora, if there are any.

    Raises:
        UsageError: it cannot be created or written into, or cannot hold the shards that are read at the same time and
            those after.
    """
    remote = [files for corpus in corpora if isinstance(files := corpus.train.files, CachedShards)]
    largest = (sorted((shard.bytes for shard in files.shards), reverse=True) for files in remote)
    needed = sum(sum(sizes[: 2 * settings.shuffle_shards]) for sizes in largest)
    if needed > settings.cache_gb * 1e9:
        raise UsageError(
            f"--cache_gb {settings.cache_gb:g} is too little for 2 x --shuffle_shards {settings.shuffle_shards}: "
            f"give at least {math.ceil(needed / 1e8) / 10:g}, or lower --shuffle_shards."
        )
    if remote:
        _make_dir("--cache_dir", remote[0].cache)


def _make_dir(flag: str, path: Path) -> None:
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"{flag} {path} cannot be created: {error.strerror}") from error
    try:
        with TemporaryFile(dir=path):
            pass
    except OSError as error:
        raise UsageError(
            f"{flag} {path} cannot be written into ({error.strerror}): take another directory or mend this one."
        ) from error


@contextmanager
def sole_run(run_dir: Path) -> Iterator[None]:
    """Keeps other runs of this machine out of `run_dir` for the length of the block; a killed one lets go.

    Ranks whose launcher was killed may live on, and two runs would take each other's checkpoints away.

    Raises:
        UsageError: another run is at work there. On the first rank alone: the launcher then ends the others.
    """
    if distributed.rank() != 0:
        yield
        return
    with (run_dir / LOCK_NAME).open("w") as file:
        try:
            # Unlike those of flock, these locks are not inherited by workers that outlive their rank for a moment.
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except (BlockingIOError, PermissionError) as error:
            raise UsageError(
                f"--output {run_dir}: another run is at work there, perhaps the ranks of a launcher that was killed: "
                "wait for their end or kill them."
            ) from error
        yield
