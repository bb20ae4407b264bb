"""Saves and loads the checkpoints of a run atomically.

`RUN/checkpoints/step-00000500/` contains DeepSpeed's files and `manifest.json` with the size and SHA-256 of each file.
The manifest is written last. A directory without a matching manifest is not a valid checkpoint. So if a run is killed
at any moment, only the checkpoint that is being written is lost. The file `latest` names the newest checkpoint for
DeepSpeed's own tools.
"""

from __future__ import annotations

import logging
import shutil
from pathlib import Path
from typing import Any

from schemas import FolioError, UsageError
from trainer import distributed
from trainer.checkpoints.engine_state import collect_faults, load_state, save_state
from trainer.checkpoints.manifest import MANIFEST, Checkpoint, flush, size_and_sha256, write_durably
from trainer.checkpoints.upload import Uploads

logger = logging.getLogger("trainer")

CHECKPOINTS_DIR = "checkpoints"  # folder in the directory of a run
LATEST = "latest"


class CheckpointStore:
    """The checkpoints of a run.

    Args:
        directory: `RUN/checkpoints`.
        keep_last: number of checkpoints to keep.
        facts: settings that must be the same in a run that resumes from one of them.
        lr_scales: see `Checkpoint`.
        change_ranks: whether to load also checkpoints of another number of ranks.
        uploads: copies each checkpoint to remote storage; None: no copies.
    """

    def __init__(
        self,
        directory: Path,
        keep_last: int,
        facts: dict[str, Any],
        *,
        lr_scales: dict[str, float] | None = None,
        change_ranks: bool = False,
        uploads: Uploads | None = None,
    ) -> None:
        self.directory = directory
        self.keep_last = keep_last
        self.facts = facts
        self.lr_scales = lr_scales or {}
        self.change_ranks = change_ranks
        self.uploads = uploads
        self._damaged: set[str] = set()

    def save(self, engine: Any, step: int, samples: int) -> None:
        """Saves the state of the engine. Collective: all ranks call it.

        Args:
            step: optimizer steps so far.
            samples: samples consumed so far.

        Raises:
            FolioError: a rank cannot write its part. The incomplete checkpoint is removed; earlier ones stay.
        """
        name = Checkpoint(step, samples, self.facts, {}).name
        directory = self.directory / name
        faults: list[str] = []
        if distributed.rank() == 0:
            with collect_faults(faults):
                if directory.exists():
                    _remove(directory)  # left by a run that was killed during a save
                directory.mkdir(parents=True)
        self._raise_if_any(faults, directory)
        save_state(engine, self.directory, name, faults)
        self._raise_if_any(faults, directory)
        mine: dict[str, tuple[int, str]] = {}
        with collect_faults(faults):
            mine = _flush_and_hash(directory)
        files = {file: value for part in distributed.gather(mine) for file, value in part.items()}
        if distributed.rank() == 0 and not faults:
            with collect_faults(faults):
                Checkpoint(step, samples, self.facts, files, self.lr_scales).write(directory)
                write_durably(self.directory / LATEST, name)
        self._raise_if_any(faults, directory)
        if distributed.rank() == 0:
            self._damaged.discard(name)
            if self.uploads:
                self.uploads.add(directory)
            self._prune(step)
        distributed.barrier()

    def load(self, engine: Any) -> Checkpoint | None:
        """Loads the newest sound checkpoint into the engine, if there is one. Collective: all ranks call it.

        Returns:
            The checkpoint, or None if the run has no checkpoint yet.

        Raises:
            UsageError: the checkpoint is for another number of ranks and `change_ranks` is False.
            FolioError: there are checkpoints but none is sound, or the conversion for other ranks failed.
        """
        mine = newest_sound_checkpoint(self.directory, self._damaged) if distributed.rank() == 0 else None
        checkpoint = distributed.gather(mine)[0]
        if checkpoint is None:
            if newest_checkpoint(self.directory) is not None:
                raise FolioError(f"no checkpoint in {self.directory} is sound: delete all of them to start again.")
            return None
        if checkpoint.ranks != distributed.world_size() and not self.change_ranks:
            raise UsageError(
                f"{self.directory / checkpoint.name} is for {checkpoint.ranks} ranks, but this run has "
                f"{distributed.world_size()}: pass --change_ranks true to resume from it."
            )
        load_state(engine, self.directory, checkpoint)
        return checkpoint

    def _raise_if_any(self, faults: list[str], directory: Path) -> None:
        """Waits for all ranks. If any of them had a fault, removes the incomplete checkpoint and raises an error."""
        found = [fault for part in distributed.gather(faults) for fault in part]
        if not found:
            return
        free_gb = shutil.disk_usage(self.directory.parent).free / 1e9  # before the incomplete one is removed
        distributed.barrier()
        if distributed.rank() == 0:
            # If this fails, no harm is done: without a manifest the directory is not a checkpoint.
            shutil.rmtree(directory, ignore_errors=True)
        distributed.barrier()
        last = newest_checkpoint(self.directory)
        raise FolioError(
            f"{directory} cannot be written, {free_gb:.1f} GB were free on its disk: {found[0]}. Free disk space, then "
            "run the same command again "
            + (f"to resume from {last.name}, which was kept." if last else "to start from the beginning.")
        )

    def _prune(self, step: int) -> None:
        """Keeps the newest `keep_last` checkpoints up to `step` and removes all others.

        Damaged checkpoints, and those after `step`, are not part of the run any more: it resumed from an earlier one.
        """
        usable = [
            found for found in _checkpoints(self.directory) if found.step <= step and found.name not in self._damaged
        ]
        kept = {checkpoint.name for checkpoint in usable[: self.keep_last]}
        for path in self.directory.glob("step-*"):
            if path.name not in kept and not (self.uploads and self.uploads.is_copying(path)):
                _remove(path)


def newest_checkpoint(directory: Path) -> Checkpoint | None:
    """Returns the newest checkpoint of `RUN/checkpoints` that has a manifest. Does not check the files."""
    return next(iter(_checkpoints(directory)), None)


def newest_sound_checkpoint(directory: Path, damaged: set[str] | None = None) -> Checkpoint | None:
    """Returns the newest checkpoint of `RUN/checkpoints` whose files agree with its manifest. Reads every byte.

    Args:
        damaged: gets the names of newer checkpoints that are damaged. They are also logged.
    """
    for checkpoint in _checkpoints(directory):
        damage = checkpoint.damage(directory / checkpoint.name)
        if damage is None:
            return checkpoint
        if damaged is not None:
            damaged.add(checkpoint.name)
        logger.warning(f"{checkpoint.name} is damaged: {damage}; trying the previous one.")
    return None


def _checkpoints(directory: Path) -> list[Checkpoint]:
    """Returns the checkpoints that have a manifest, newest first."""
    found = (Checkpoint.read(path) for path in sorted(directory.glob("step-*"), reverse=True))
    return [checkpoint for checkpoint in found if checkpoint is not None]


def _flush_and_hash(directory: Path) -> dict[str, tuple[int, str]]:
    """Flushes and hashes this rank's share of the files. Returns size and SHA-256 by file name."""
    paths = sorted(path for path in directory.rglob("*") if path.is_file())
    mine = paths[distributed.rank() :: distributed.world_size()]
    for path in mine:
        flush(path)
    return {str(path.relative_to(directory)): size_and_sha256(path) for path in mine}


def _remove(directory: Path) -> None:
    # The manifest goes first: if the run is killed now, no directory has a manifest but lacks files.
    (directory / MANIFEST).unlink(missing_ok=True)
    shutil.rmtree(directory)
