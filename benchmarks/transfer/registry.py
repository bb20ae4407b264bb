"""Entries that are chosen by their names on the command line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeVar

Entry = TypeVar("Entry")


def entries_named(names: Sequence[str], entries: Mapping[str, Entry], flag: str) -> list[Entry]:
    """Returns entries by name.

    Raises:
        ValueError: there is no such entry. The message names the flag and all entries.
    """
    unknown = [name for name in names if name not in entries]
    if unknown:
        raise ValueError(f"{flag} {unknown[0]}: choose from {', '.join(entries)}")
    return [entries[name] for name in names]
