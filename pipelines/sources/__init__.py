"""Page sources: one module per kind of document, behind the protocol of `base`.

A module of this folder that defines `SOURCE` is found automatically: no other file names it. May import: page, ocr,
lines.
"""

from __future__ import annotations

from functools import lru_cache
from importlib import import_module
from pkgutil import iter_modules

from pipelines.sources.base import PageSource

DEFAULT = "pdf"


@lru_cache(maxsize=1)
def page_sources() -> dict[str, PageSource]:
    """Returns all page sources by the name of their module."""
    modules = {module.name: import_module(f"{__name__}.{module.name}") for module in iter_modules(__path__)}
    return {name: module.SOURCE for name, module in sorted(modules.items()) if hasattr(module, "SOURCE")}


def source_of(uri: str) -> PageSource:
    """Returns the source for the suffix of a document's name. Names with an unknown suffix are opened as PDF."""
    name = uri.lower()
    matching = (source for source in page_sources().values() if name.endswith(source.suffixes))
    return next(matching, page_sources()[DEFAULT])


def suffixes() -> tuple[str, ...]:
    """Returns the suffixes of all documents that are searched for in a directory, in lower case."""
    return tuple(suffix for source in page_sources().values() for suffix in source.suffixes)
