"""The manifest of a checkpoint: what it is of, and the size and SHA-256 of each of its files."""

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
    """What a manifest says.

    Attributes:
        step: optimizer steps taken.
        samples: samples consumed: all the state that the data has.
        facts: what a run must have in common with this one to go on from here.
        files: size in bytes and SHA-256 by file name.
        lr_scales: of each parameter, in a run that began at a T5; empty in one that began at random weights.
    """

    step: int
    samples: int
    facts: dict[str, Any]
    files: dict[str, tuple[int, str]]
    lr_scales: dict[str, float] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The directory's name."""
        return f"step-{self.step:08d}"

    @property
    def ranks(self) -> int:
        """How many ranks the state is cut for."""
        return int(self.facts["ranks"])

    def write(self, directory: Path) -> None:
        """Writes the manifest: the moment at which the directory becomes a checkpoint."""
        write_durably(directory / MANIFEST, json.dumps(asdict(self), indent=1, sort_keys=True))

    @classmethod
    def read(cls, directory: Path) -> Checkpoint | None:
        """Returns the manifest of a directory, or None where it has none that can be read."""
        try:
            record = json.loads((directory / MANIFEST).read_text(encoding="utf-8"))
            files = {name: (size, sha256) for name, (size, sha256) in record["files"].items()}
            found = cls(record["step"], record["samples"], record["facts"], files, record["lr_scales"])
            return found if found.ranks > 0 else None
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def damage(self, directory: Path) -> str | None:
        """Returns which file is missing or changed, or None for a sound checkpoint. Reads every byte."""
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
    """Replaces a file so that after a power cut it holds all of the old text or all of the new."""
    temporary = path.with_name(path.name + ".tmp")
    temporary.write_text(text, encoding="utf-8")
    flush(temporary)
    temporary.replace(path)
    flush(path.parent)


def flush(path: Path) -> None:
    """Has the disk take what was written to a file or directory."""
    fd = os.open(path, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
