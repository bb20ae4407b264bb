"""Which documents a build is about: patterns, directories, single files and lists of them, to sorted uris."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

from pipelines.runtime import files
from pipelines.sources import suffixes
from schemas import UsageError

MARKS = re.compile(r"[*?[]")


def discover(inputs: tuple[str, ...]) -> list[str]:
    """Returns the uris of all documents, sorted, each once.

    Args:
        inputs: each is one of these. A file. A local directory, or a URI that ends in `/`: all documents below it
            whose ending is that of a page source, such as `*.pdf`. A glob pattern: all files that it matches, with any
            ending. A `.txt` file with one input per line: lines end in `\\n` or `\\r\\n`, blanks around an input are
            ignored, and relative paths start in the current directory. If a file has exactly this name, it is that
            file, even if the name holds brackets or stars.

    Raises:
        UsageError: one of the inputs leads to no document.
    """
    return sorted({_printable(uri) for item in inputs for uri in _expand(item)})


def _printable(uri: str) -> str:
    """Spells out bytes of a file name that are no UTF-8: tables and JSON hold nothing else."""
    if uri.isascii():
        return uri
    return uri.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def _expand(item: str) -> list[str]:
    if files.is_local(item) and Path(item).is_dir():
        return _some(list(_below(Path(item))), _nothing_below(item))
    if item.endswith("/"):
        return _some([uri for uri in files.match(item + "**") if _is_document(uri)], _nothing_below(item))
    if item.endswith(".txt"):
        return _from_list(item)
    if files.exists(item):  # before globbing: real names hold brackets and stars
        return [item]
    if not _is_pattern(item):
        raise UsageError(f"--input {item}: no such file or directory.")
    return _some(files.match(item), f"--input {item}: no file matches. Quote the pattern; ** crosses directories.")


def _is_pattern(item: str) -> bool:
    return MARKS.search(item) is not None


def _below(directory: Path) -> Iterator[str]:
    """Yields the documents below a directory, links followed, dangling ones too: each name gets its row."""
    seen = set()
    for parent, directories, names in os.walk(directory, followlinks=True, onerror=_refuse):
        here = Path(parent)
        seen.add(here.resolve())
        # By name, not as the disk happens to list them: which way leads first to a directory decides what is found.
        directories[:] = sorted(name for name in directories if (here / name).resolve() not in seen)
        yield from (str(here / name) for name in names if _is_document(name))


def _refuse(error: OSError) -> None:
    raise UsageError(f"--input: {error.filename} cannot be listed: {error.strerror}.")


def _is_document(name: str) -> bool:
    return name.lower().endswith(suffixes())


def _nothing_below(directory: str) -> str:
    return f"--input {directory}: no {', '.join(f'*{suffix}' for suffix in suffixes())} below this directory."


def _from_list(item: str) -> list[str]:
    """Returns the documents that a list names. A single file is taken at its word: if it is gone, it gets its row."""
    if not files.exists(item):
        raise UsageError(f"--input {item}: no such list.")
    try:
        lines = files.read_bytes(item).decode("utf-8-sig").replace("\r\n", "\n").split("\n")
    except UnicodeDecodeError as error:
        raise UsageError(f"--input {item}: a list is UTF-8 text, this file is not: {error}.") from error
    listed = [line.strip(" \t") for line in lines if line.strip()]
    return _some([uri for line in listed for uri in _listed(line)], f"--input {item}: the list is empty.")


def _listed(line: str) -> list[str]:
    is_directory = line.endswith("/") or (files.is_local(line) and Path(line).is_dir())
    uri = files.one_spelling(line)
    return _expand(uri) if is_directory or _is_pattern(uri) else [uri]


def _some(found: list[str], complaint: str) -> list[str]:
    if not found:
        raise UsageError(complaint)
    return found
