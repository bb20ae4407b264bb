"""Checkpoints that are whole or not there.

`RUN/checkpoints/step-00000500/` holds DeepSpeed's files and, written last, `manifest.json` with the size and SHA-256 of
each. A directory without a manifest that fits is no checkpoint, so a kill at any moment costs only the one under way.
`latest` names the newest for DeepSpeed's own tools.
"""

from __future__ import annotations

import logging
import shutil
from collections.abc import Collection
from pathlib import Path
from typing import Any

from schemas import FolioError, UsageError
from trainer import distributed
from trainer.checkpoints.engine_state import load_state, noting, save_state
from trainer.checkpoints.manifest import MANIFEST, Checkpoint, flush, size_and_sha256, write_durably
from trainer.checkpoints.upload import Uploads
from trainer.settings.training import as_typed

logger = logging.getLogger("trainer")

LATEST = "latest"


class CheckpointStore:
    """The checkpoints of a run.

    Args:
        directory: `RUN/checkpoints`.
        keep_last: how many stay.
        facts: what a run that goes on from one must have in common with this one.
        lr_scales: as `Checkpoint` has them.
        change_ranks: also load what another number of ranks saved.
        uploads: copies each one elsewhere.
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
        """Writes the state of the engine. Collective: all ranks call it.

        Raises:
            FolioError: a rank cannot write its part; nothing of it stays, and earlier checkpoints are untouched.
        """
        name = Checkpoint(step, samples, self.facts, {}).name
        directory = self.directory / name
        faults: list[str] = []
        if distributed.rank() == 0:
            with noting(faults):
                if directory.exists():
                    _remove(directory)  # left by a run that was killed while it wrote
                directory.mkdir(parents=True)
        self._require_none(faults, directory)
        save_state(engine, self.directory, name, faults)
        self._require_none(faults, directory)
        mine: dict[str, tuple[int, str]] = {}
        with noting(faults):
            mine = _flush_and_hash(directory)
        files = {file: value for part in distributed.gather(mine) for file, value in part.items()}
        if distributed.rank() == 0 and not faults:
            with noting(faults):
                Checkpoint(step, samples, self.facts, files, self.lr_scales).write(directory)
                write_durably(self.directory / LATEST, name)
        self._require_none(faults, directory)
        if distributed.rank() == 0:
            self._damaged.discard(name)
            if self.uploads:
                self.uploads.add(directory)
            self._prune(step)
        distributed.barrier()

    def load(self, engine: Any) -> Checkpoint | None:
        """Restores the newest sound checkpoint into the engine, if there is one. Collective: all ranks call it.

        Raises:
            FolioError: there are checkpoints, but none is sound; or it is for other ranks, and may or can not be cut
                anew.
        """
        checkpoint = distributed.gather(self._newest_sound() if distributed.rank() == 0 else None)[0]
        if checkpoint is None:
            if newest_checkpoint(self.directory) is not None:
                raise FolioError(f"no checkpoint in {self.directory} is sound: delete all of them to start anew.")
            return None
        if checkpoint.ranks != distributed.world_size() and not self.change_ranks:
            raise UsageError(
                f"{self.directory / checkpoint.name} is for {checkpoint.ranks} ranks, here are "
                f"{distributed.world_size()}: --change_ranks true goes on from it."
            )
        load_state(engine, self.directory, checkpoint)
        return checkpoint

    def _require_none(self, faults: list[str], directory: Path) -> None:
        """Waits for all ranks; raises where one of them has met a fault, and clears away what it leaves."""
        found = [fault for part in distributed.gather(faults) for fault in part]
        if not found:
            return
        free_gb = shutil.disk_usage(self.directory.parent).free / 1e9  # before the half one goes
        distributed.barrier()
        if distributed.rank() == 0:
            shutil.rmtree(directory, ignore_errors=True)  # without a manifest it is none, should it stay
        distributed.barrier()
        last = newest_checkpoint(self.directory)
        raise FolioError(
            f"{directory} cannot be written, {free_gb:.1f} GB were free on its disk: {found[0]}. Make room; the same "
            + (f"command then goes on from {last.name}, which stays." if last else "command then starts anew.")
        )

    def _newest_sound(self) -> Checkpoint | None:
        for checkpoint in _checkpoints(self.directory):
            damage = checkpoint.damage(self.directory / checkpoint.name)
            if damage is None:
                return checkpoint
            self._damaged.add(checkpoint.name)
            logger.warning(f"{checkpoint.name} is damaged: {damage}; trying the one before it.")
        return None

    def _prune(self, step: int) -> None:
        """Keeps the newest up to `step`. Later ones, and damaged ones, are of a course that the run has left."""
        usable = [
            found for found in _checkpoints(self.directory) if found.step <= step and found.name not in self._damaged
        ]
        kept = {checkpoint.name for checkpoint in usable[: self.keep_last]}
        for path in self.directory.glob("step-*"):
            if path.name not in kept and not (self.uploads and self.uploads.copies(path)):
                _remove(path)


def newest_checkpoint(directory: Path) -> Checkpoint | None:
    """Returns the newest checkpoint of `RUN/checkpoints` by its manifest alone, its files unread."""
    return next(iter(_checkpoints(directory)), None)


def _checkpoints(directory: Path) -> list[Checkpoint]:
    """Returns those with a manifest, the newest first."""
    found = (Checkpoint.read(path) for path in sorted(directory.glob("step-*"), reverse=True))
    return [checkpoint for checkpoint in found if checkpoint is not None]


def require_same(saved: dict[str, Any], now: dict[str, Any], run_dir: str, but: Collection[str] = ()) -> None:
    """Checks that a run may go on from a checkpoint; what `but` names may differ.

    Raises:
        UsageError: facts differ; each is named with both values.
    """
    before, after = _flat(saved), _flat(now)
    names = sorted(name for name in before.keys() | after.keys() if before.get(name) != after.get(name))
    names = [name for name in names if name not in but]
    if names:
        cure = "--change_ranks true goes on with it." if names == ["ranks"] else "Take another."
        changes = "; ".join(f"{as_typed(name)} was {before.get(name)!r}, is {after.get(name)!r}" for name in names)
        raise UsageError(f"--output {run_dir} holds a run with other settings: {changes}. {cure}")


def _flat(facts: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for name, value in facts.items():
        flat.update(_flat(value, f"{prefix}{name}.") if isinstance(value, dict) else {f"{prefix}{name}": value})
    return flat


def _flush_and_hash(directory: Path) -> dict[str, tuple[int, str]]:
    """Flushes and hashes this rank's share of the files."""
    paths = sorted(path for path in directory.rglob("*") if path.is_file())
    mine = paths[distributed.rank() :: distributed.world_size()]
    for path in mine:
        flush(path)
    return {str(path.relative_to(directory)): size_and_sha256(path) for path in mine}


def _remove(directory: Path) -> None:
    (directory / MANIFEST).unlink(missing_ok=True)  # first: a kill now leaves no checkpoint that lacks files
    shutil.rmtree(directory)
