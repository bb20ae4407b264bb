"""Reads the files of a data set, and says what was expected where something else was found."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from schemas import UsageError

SHOWN = 5  # entries of a folder that a message lists


def require_layout(folder: Path, expected: str, parts: Iterable[str]) -> None:
    """Checks that the folder of a data set has the files and folders of its layout.

    Args:
        folder: value of `--data`.
        expected: describes the layout, for the message.
        parts: paths within the folder that must exist.

    Raises:
        UsageError: one of them is missing.
    """
    if not folder.is_dir():
        raise UsageError(f"--data {folder} is not a folder: name the folder of {expected}")
    for part in parts:
        if not (folder / part).exists():
            names = sorted(f"{path.name}/" if path.is_dir() else path.name for path in folder.iterdir())
            found = ", ".join(names[:SHOWN]) + (", ..." if len(names) > SHOWN else "")
            raise UsageError(f"--data {folder} has no {part}: expected {expected}; found {found or 'an empty folder'}")


def read_json(path: Path) -> Any:
    """Returns the content of a JSON file.

    Raises:
        UsageError: the file cannot be read.
    """
    try:
        return json.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise UsageError(f"--data: {path} cannot be read ({error.strerror}): download it again") from error
    except (ValueError, RecursionError) as error:
        raise UsageError(f"--data: {path} is not JSON ({error}): download it again") from error
