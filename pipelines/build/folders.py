"""Finds the documents below a folder of this machine."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from pipelines.sources import suffixes
from schemas import UsageError


def documents_below(directory: Path) -> Iterator[str]:
    """Yields the documents below a directory.

    Links are followed. Dangling links are yielded too, so that each name gets its row in the manifest.

    Raises:
        UsageError: a directory cannot be listed.
    """
    seen = set()
    for parent, directories, names in os.walk(directory, followlinks=True, onerror=_refuse):
        here = Path(parent)
        seen.add(here.resolve())
        # Sorted by name, not in disk order: the first path that leads to a directory decides the URIs of its documents.
        directories[:] = sorted(name for name in directories if (here / name).resolve() not in seen)
        yield from (str(here / name) for name in names if is_document(name))


def _refuse(error: OSError) -> None:
    raise UsageError(f"--input: {error.filename} cannot be listed: {error.strerror}.")


def is_document(name: str) -> bool:
    """Returns whether a name ends in a suffix of a page source."""
    return name.lower().endswith(suffixes())
