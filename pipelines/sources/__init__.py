"""Page sources: one module per kind of document, behind the protocol of `base`.

A module of this folder that defines `SOURCE` is found automatically: no other file names it. May import: `page`,
`config`, `ocr`, `lines`, `schemas`.
"""

from __future__ import annotations

from functools import lru_cache
from importlib import import_module
from pkgutil import iter_modules

from pipelines.sources.base import PageSource

DEFAULT = ".pdf"
LIST_SUFFIX = ".txt"


@lru_cache(maxsize=1)
def page_sources() -> dict[str, PageSource]:
    """Returns the page source of each suffix.

    Raises:
        ValueError: two sources have the same suffix, or one has `.txt`, which is the suffix of lists of documents.
    """
    sources: dict[str, PageSource] = {}
    for module in iter_modules(__path__):
        source: PageSource | None = getattr(import_module(f"{__name__}.{module.name}"), "SOURCE", None)
        if source is None:
            continue
        for suffix in source.suffixes:
            if suffix in sources or suffix == LIST_SUFFIX:
                raise ValueError(f"pipelines/sources/{module.name}: the suffix {suffix} is taken, choose another one")
            sources[suffix] = source
    return sources


def source_of(uri: str) -> PageSource:
    """Returns the source for the longest known suffix of a document's name; without one, the source for PDF."""
    name = uri.lower()
    matching = [suffix for suffix in page_sources() if name.endswith(suffix)]
    return page_sources()[max(matching, key=len, default=DEFAULT)]


def suffixes() -> tuple[str, ...]:
    """Returns the suffixes of all documents that are searched for in a directory, in lower case."""
    return tuple(sorted(page_sources()))
