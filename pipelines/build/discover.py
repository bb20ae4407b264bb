"""Finds the documents of a build: expands patterns, directories, single files and list files into sorted URIs.

Also reads the list of documents that are excluded.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from pipelines.build.folders import documents_below, is_document
from pipelines.runtime import files
from pipelines.sources import suffixes
from schemas import UsageError
from schemas.support.printable import printable

MARKS = re.compile(r"[*?[]")
_SUFFIX = re.compile(r"\.[A-Za-z0-9]+$")
_SHA256 = re.compile(r"[0-9A-Fa-f]{64}(\s|$)")


def discover(inputs: tuple[str, ...]) -> list[str]:
    """Returns the URIs of all documents, sorted and without duplicates.

    An input is one of these:

    * A file. If a file has exactly the given name, it is used, even if the name contains brackets or stars.
    * A local directory, or a URI that ends in `/`: all documents below it. A document is a file whose name ends in a
      suffix of a page source, such as `.pdf` or `.png`.
    * A glob pattern: all files that match, with any suffix. The suffix at its end matches in any case, so that `*.pdf`
      finds `.PDF` too. `**/` matches any number of directories, also none.
    * A `.txt` file with one input per line. Lines end in `\\n` or `\\r\\n`. Blanks around an input are ignored.
      Relative paths start in the current directory.

    Args:
        inputs: files, directories, patterns or list files.

    Raises:
        UsageError: no document was found for one of the inputs.
    """
    return sorted({printable(uri) for item in inputs for uri in _expand(item)})


def _expand(item: str) -> list[str]:
    if files.is_local(item) and Path(item).is_dir():
        return _non_empty(list(documents_below(Path(item))), _nothing_below(item))
    if item.endswith("/"):
        return _non_empty([uri for uri in files.match(item + "**") if is_document(uri)], _nothing_below(item))
    if item.endswith(".txt"):
        return _from_list(item)
    if files.exists(item):  # before globbing: real names contain brackets and stars
        return [item]
    if not _is_pattern(item):
        raise UsageError(f"--input {item}: no such file or directory.")
    is_relative = files.is_local(item) and not Path(item).is_absolute()
    rooted = f"./{item}" if is_relative else item  # Beam finds nothing for a pattern without a directory
    found = [uri for pattern in _variants(rooted) for uri in files.match(pattern)]
    return _non_empty(found, f"--input {item}: no file matches. Quote the pattern; ** crosses directories.")


def _variants(pattern: str) -> Iterator[str]:
    """Yields patterns for Beam that together match what `pattern` means.

    Beam distinguishes upper and lower case, and its `/**/` matches one directory or more.
    """
    suffix = _suffix(pattern.rsplit("/", 1)[-1])
    letters = [f"[{letter.lower()}{letter.upper()}]" if letter.isalpha() else letter for letter in suffix]
    pattern = (pattern.removesuffix(suffix) + "".join(letters)).replace("/**/*", "/**")
    yield pattern
    if "/**/" in pattern:
        yield pattern.replace("/**/", "/")


def _suffix(name: str) -> str:
    """Returns the suffix at the end of a pattern, such as `.pdf`; an empty string if it has none, or marks in it."""
    known = [suffix for suffix in suffixes() if name.lower().endswith(suffix)]
    last = _SUFFIX.search(name)
    length = max(map(len, known), default=len(last[0]) if last else 0)
    is_in_brackets = name.rfind("[") > name.rfind("]")
    return "" if is_in_brackets else name[len(name) - length :]


def _is_pattern(item: str) -> bool:
    return MARKS.search(item) is not None


def _nothing_below(directory: str) -> str:
    return f"--input {directory}: no {', '.join(f'*{suffix}' for suffix in suffixes())} below this directory."


def read_hashes(uri: str) -> frozenset[str]:
    """Returns the SHA-256 hashes that the lines of a list begin with, as `sha256sum` writes them.

    Raises:
        UsageError: the list does not exist, or a line of it does not begin with a hash.
    """
    lines = _lines_of(uri, "--exclude")
    for line in lines:
        if not _SHA256.match(line):
            advice = "Write the list by sha256sum."
            raise UsageError(f"--exclude {uri}: the line {line[:80]!r} does not begin with a SHA-256 hash. {advice}")
    return frozenset(line[:64].lower() for line in lines)


def _from_list(item: str) -> list[str]:
    """Returns the documents of a list file.

    A single file in the list is returned even if it does not exist, so that it gets its row in the manifest.
    """
    listed = _lines_of(item, "--input")
    return _non_empty([uri for line in listed for uri in _listed(line)], f"--input {item}: the list is empty.")


def _lines_of(uri: str, flag: str) -> list[str]:
    if not files.exists(uri):
        raise UsageError(f"{flag} {uri}: no such list.")
    try:
        lines = files.read_bytes(uri).decode("utf-8-sig").replace("\r\n", "\n").split("\n")
    except UnicodeDecodeError as error:
        raise UsageError(f"{flag} {uri}: a list must be UTF-8 text, but this file is not: {error}.") from error
    return [line.strip(" \t") for line in lines if line.strip()]


def _listed(line: str) -> list[str]:
    is_directory = line.endswith("/") or (files.is_local(line) and Path(line).is_dir())
    uri = files.absolute_uri(line)
    return _expand(uri) if is_directory or _is_pattern(uri) else [uri]


def _non_empty(found: list[str], message: str) -> list[str]:
    if not found:
        raise UsageError(message)
    return found
