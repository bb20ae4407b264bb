"""Reads the files of a data set, and says what was expected where something else was found."""

from __future__ import annotations

import codecs
import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
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
            raise _missing(folder, part, expected)


def find_files(folder: Path, expected: str, *patterns: str) -> list[Path]:
    """Returns the files that match the first pattern that any file matches, sorted by their names.

    Args:
        folder: value of `--data`.
        expected: describes the layout, for the message.
        patterns: paths within the folder, with `*`.

    Raises:
        UsageError: no file matches any of them.
    """
    require_layout(folder, expected, [])
    for pattern in patterns:
        if found := sorted(folder.glob(pattern)):
            return found
    raise _missing(folder, " or ".join(patterns), expected)


def _missing(folder: Path, part: str, expected: str) -> UsageError:
    names = sorted(f"{path.name}/" if path.is_dir() else path.name for path in folder.iterdir())
    found = ", ".join(names[:SHOWN]) + (", ..." if len(names) > SHOWN else "")
    return UsageError(f"--data {folder} has no {part}: expected {expected}; found {found or 'an empty folder'}")


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


@contextmanager
def expecting(path: Path, what: str) -> Iterator[None]:
    """Refuses a file whose content turns out to have another form.

    Args:
        path: the file.
        what: what it was expected to be, such as `a form of FUNSD`.

    Raises:
        UsageError: the block in the context has failed on the content.
    """
    try:
        yield
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        raise UsageError(f"--data: {path} is not {what} ({error!r}): download it again") from error


def numbered_lines(path: Path) -> Iterator[tuple[int, bytes]]:
    """Yields the number, from 1, and the bytes of each line of a text file that is not blank.

    Raises:
        UsageError: the file cannot be read, or has no such line.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise UsageError(f"--data: {path} cannot be read ({error.strerror})") from error
    if not content.removeprefix(codecs.BOM_UTF8).strip():
        raise UsageError(f"--data: {path} is empty: write a line of JSON for each item")
    for number, line in enumerate(content.removeprefix(codecs.BOM_UTF8).splitlines(), 1):
        if line.strip():
            yield number, line


def read_row(line: bytes, keys: Iterable[str]) -> dict[str, Any]:
    """Returns the object of a JSON line of the user.

    Raises:
        TypeError: it is not an object.
        ValueError: it is not JSON, cannot be stored as UTF-8, or has a key that is not one of `keys`.
    """
    row = json.loads(line)
    if not isinstance(row, dict):
        raise TypeError("it is not a JSON object")
    json.dumps(row, ensure_ascii=False).encode()  # JSON may escape lone surrogates, which no file can store
    require_known_keys(row, keys)
    return row


def require_known_keys(row: Mapping[str, Any], keys: Iterable[str]) -> None:
    """Checks that an object of the user has no key besides the known ones: one may be a typing error of another.

    Raises:
        ValueError: it has.
    """
    known = list(keys)
    if unknown := [key for key in row if key not in known]:
        raise ValueError(f"{unknown[0]} is not one of {', '.join(known)}")


def file_within(value: Any) -> str:
    """Returns a value of `file` in a line of the user.

    Raises:
        TypeError: it is not a text.
        ValueError: it is not a path within the folder of the data set.
    """
    if not isinstance(value, str):
        raise TypeError("file must be a text")
    path = PurePosixPath(value)
    if not value.strip() or path.is_absolute() or ".." in path.parts:
        raise ValueError("file must be a path within the folder")
    return value
