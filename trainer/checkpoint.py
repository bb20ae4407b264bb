"""Checkpoints that are whole or not there.

`RUN/checkpoints/step-00000500/` holds DeepSpeed's files and, written last, `manifest.json` with the size and SHA-256 of
each. A directory without a manifest that fits is no checkpoint, so a kill at any moment costs only the one under way.
`latest` names the newest for DeepSpeed's own tools.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from schemas import FolioError, UsageError
from trainer import distributed
from trainer.config import as_typed

logger = logging.getLogger("trainer")

MANIFEST = "manifest.json"
LATEST = "latest"


@dataclass(frozen=True)
class Checkpoint:
    """What a manifest says.

    Attributes:
        step: optimizer steps taken.
        samples: samples consumed: all the state that the data has.
        facts: what a run must have in common with this one to go on from here.
        files: size in bytes and SHA-256 by file name.
    """

    step: int
    samples: int
    facts: dict[str, Any]
    files: dict[str, tuple[int, str]]

    @property
    def name(self) -> str:
        """The directory's name."""
        return f"step-{self.step:08d}"

    def write(self, directory: Path) -> None:
        """Writes the manifest: the moment at which the directory becomes a checkpoint."""
        record = {"step": self.step, "samples": self.samples, "facts": self.facts, "files": self.files}
        _write_durably(directory / MANIFEST, json.dumps(record, indent=1, sort_keys=True))

    @classmethod
    def read(cls, directory: Path) -> Checkpoint | None:
        """Returns the manifest of a directory, or None where it has none that can be read."""
        try:
            record = json.loads((directory / MANIFEST).read_text(encoding="utf-8"))
            files = {name: (size, sha256) for name, (size, sha256) in record["files"].items()}
            return cls(record["step"], record["samples"], record["facts"], files)
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def damage(self, directory: Path) -> str | None:
        """Returns which file is missing or changed, or None for a sound checkpoint. Reads every byte."""
        for name, expected in self.files.items():
            if not (directory / name).is_file():
                return f"{name} is missing"
            if _size_and_sha256(directory / name) != expected:
                return f"{name} has changed"
        return None


class CheckpointStore:
    """The checkpoints of a run.

    Args:
        directory: `RUN/checkpoints`.
        keep_last: how many stay.
    """

    def __init__(self, directory: Path, keep_last: int) -> None:
        self.directory = directory
        self.keep_last = keep_last
        self._damaged: set[str] = set()

    def newest(self) -> Checkpoint | None:
        """Returns the newest checkpoint by its manifest alone, its files unread."""
        return next(iter(self._all()), None)

    def save(self, engine: Any, step: int, samples: int, facts: dict[str, Any]) -> None:
        """Writes the state of the engine. Collective: all ranks call it."""
        name = Checkpoint(step, samples, facts, {}).name
        directory = self.directory / name
        if distributed.rank() == 0 and directory.exists():
            shutil.rmtree(directory)  # left by a run that was killed while it wrote
        distributed.barrier()
        engine.save_checkpoint(str(self.directory), tag=name, save_latest=False)
        distributed.barrier()
        checkpoint = Checkpoint(step, samples, facts, _hash_together(directory))
        if distributed.rank() == 0:
            checkpoint.write(directory)
            _write_durably(self.directory / LATEST, name)
            self._damaged.discard(name)
            self._prune(step)
        distributed.barrier()

    def load(self, engine: Any) -> Checkpoint | None:
        """Restores the newest sound checkpoint into the engine, if there is one. Collective: all ranks call it.

        Raises:
            FolioError: there are checkpoints, but none is sound.
        """
        checkpoint = distributed.gather(self._newest_sound() if distributed.rank() == 0 else None)[0]
        if checkpoint is None:
            if self.newest() is not None:
                raise FolioError(f"no checkpoint in {self.directory} is sound: delete all of them to start anew.")
            return None
        engine.load_checkpoint(str(self.directory), tag=checkpoint.name)
        return checkpoint

    def _newest_sound(self) -> Checkpoint | None:
        for checkpoint in self._all():
            damage = checkpoint.damage(self.directory / checkpoint.name)
            if damage is None:
                return checkpoint
            self._damaged.add(checkpoint.name)
            logger.warning(f"{checkpoint.name} is damaged: {damage}; trying the one before it.")
        return None

    def _all(self) -> list[Checkpoint]:
        found = (Checkpoint.read(path) for path in sorted(self.directory.glob("step-*"), reverse=True))
        return [checkpoint for checkpoint in found if checkpoint is not None]

    def _prune(self, step: int) -> None:
        """Keeps the newest up to `step`. Later ones, and damaged ones, are of a course that the run has left."""
        usable = [found for found in self._all() if found.step <= step and found.name not in self._damaged]
        kept = {checkpoint.name for checkpoint in usable[: self.keep_last]}
        for path in self.directory.glob("step-*"):
            if path.name not in kept:
                shutil.rmtree(path)


def require_same(saved: dict[str, Any], now: dict[str, Any], run_dir: str) -> None:
    """Checks that a run may go on from a checkpoint.

    Raises:
        UsageError: facts differ; each is named with both values.
    """
    before, after = _flat(saved), _flat(now)
    names = sorted(name for name in before.keys() | after.keys() if before.get(name) != after.get(name))
    if names:
        changes = "; ".join(f"{as_typed(name)} was {before.get(name)!r}, is {after.get(name)!r}" for name in names)
        raise UsageError(f"--output {run_dir} holds a run with other settings: {changes}. Take another.")


def _flat(facts: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for name, value in facts.items():
        flat.update(_flat(value, f"{prefix}{name}.") if isinstance(value, dict) else {f"{prefix}{name}": value})
    return flat


def _hash_together(directory: Path) -> dict[str, tuple[int, str]]:
    """Flushes and hashes the files, each on one rank; returns all of them on every rank."""
    paths = sorted(path for path in directory.rglob("*") if path.is_file())
    mine = paths[distributed.rank() :: distributed.world_size()]
    for path in mine:
        _flush(path)
    parts = distributed.gather({str(path.relative_to(directory)): _size_and_sha256(path) for path in mine})
    return {name: value for part in parts for name, value in sorted(part.items())}


def _size_and_sha256(path: Path) -> tuple[int, str]:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return path.stat().st_size, digest.hexdigest()


def _write_durably(path: Path, text: str) -> None:
    temporary = path.with_name(path.name + ".tmp")
    temporary.write_text(text, encoding="utf-8")
    _flush(temporary)
    temporary.replace(path)
    _flush(path.parent)


def _flush(path: Path) -> None:
    fd = os.open(path, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
