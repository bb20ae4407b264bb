"""Which documents a build is about: patterns, directories, single files and lists of them, to sorted uris."""

from __future__ import annotations

from pathlib import Path

from pipelines import storage
from schemas import UsageError


def discover(inputs: tuple[str, ...]) -> list[str]:
    """Returns the uris of all documents, sorted, each once.

    Args:
        inputs: each a file; a `.txt` file with one input a line; a local directory or a uri that ends in `/`, for
            all `*.pdf` below it; or a glob pattern, for every file that it matches, whatever its ending.

    Raises:
        UsageError: one of the inputs leads to no document.
    """
    return sorted({_printable(uri) for item in inputs for uri in _expand(item)})


def _printable(uri: str) -> str:
    """Spells out bytes of a file name that are no UTF-8: such a file cannot be opened by name, but gets its row."""
    return uri.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def _expand(item: str) -> list[str]:
    if storage.is_local(item) and Path(item).is_dir():
        item = item.rstrip("/") + "/"
    if item.endswith("/"):
        found = [uri for uri in storage.match(item + "**") if uri.lower().endswith(".pdf")]
        return _some(found, f"--input {item}: no *.pdf below this directory.")
    if item.endswith(".txt"):
        return _from_list(item)
    if storage.exists(item):  # before globbing: real names hold brackets and stars
        return [item]
    return _some(storage.match(item), f"--input {item}: no file matches. Quote the pattern; ** crosses directories.")


def _from_list(item: str) -> list[str]:
    if not storage.exists(item):
        raise UsageError(f"--input {item}: no such list.")
    lines = storage.read_bytes(item).decode("utf-8").splitlines()
    listed = [line.strip() for line in lines if line.strip()]
    return _some([uri for line in listed for uri in _expand(line)], f"--input {item}: the list is empty.")


def _some(found: list[str], complaint: str) -> list[str]:
    if not found:
        raise UsageError(complaint)
    return found
