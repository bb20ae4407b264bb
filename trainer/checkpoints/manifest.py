"""The manifest of a checkpoint: its step, the facts of its run, and the size and SHA-256 of each file."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from schemas.support.hashing import sha256_of

MANIFEST = "manifest.json"


@dataclass(frozen=True)
class Checkpoint:
    """The content of a manifest.

    Attributes:
        step: optimizer steps so far.
        samples: samples consumed so far. This is the whole state of the data loader.
        facts: settings that must be the same in a run that resumes from this checkpoint.
        files: size in bytes and SHA-256 by file name.
        lr_scales: `lr_scale` of each parameter if the run started from other weights (`--init_from`); empty if it
            started from random weights.
    """

    step: int
    samples: int
    facts: dict[str, Any]
    files: dict[str, tuple[int, str]]
    lr_scales: dict[str, float] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The name of the directory."""
        return f"step-{self.step:08d}"

    @property
    def ranks(self) -> int:
        """The number of ranks over which the state is partitioned."""
        return int(self.facts["ranks"])

    def write(self, directory: Path) -> None:
        """Writes the manifest. Only from then on is the directory a valid checkpoint."""
        write_durably(directory / MANIFEST, json.dumps(asdict(self), indent=1, sort_keys=True))

    @classmethod
    def read(cls, directory: Path) -> Checkpoint | None:
        """Returns the manifest of a directory, or None if it is missing or not readable."""
        try:
            record = json.loads((directory / MANIFEST).read_text(encoding="utf-8"))
            files = {name: (size, sha256) for name, (size, sha256) in record["files"].items()}
            found = cls(record["step"], record["samples"], record["facts"], files, record["lr_scales"])
            return found if found.ranks > 0 else None
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def damage(self, directory: Path) -> str | None:
        """Returns what is wrong with the files, or None if the checkpoint is sound. Reads every byte.

        Returns:
            The first missing or changed file, as in `weights.pt has changed`.
        """
        for name, expected in self.files.items():
            if not (directory / name).is_file():
                return f"{name} is missing"
            if size_and_sha256(directory / name) != expected:
                return f"{name} has changed"
        return None


def size_and_sha256(path: Path) -> tuple[int, str]:
    """Returns the size in bytes and the SHA-256 of a file."""
    return path.stat().st_size, sha256_of(path)


def write_durably(path: Path, text: str) -> None:
    """Replaces a file atomically. After a power failure it contains either the whole old text or the whole new text."""
    temporary = path.with_name(path.name + ".tmp")
    temporary.write_text(text, encoding="utf-8")
    flush(temporary)
    temporary.replace(path)
    flush(path.parent)


def flush(path: Path) -> None:
    """Forces the changes of a file or directory to disk (fsync)."""
    fd = os.open(path, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
