"""Filters leave pages out of a corpus. Each filter has one file, one class, and one status for the pages it leaves out.

May import: `pipelines.lines.words`, `schemas`. Filters are applied in the order of
`FILTERS`.
"""

from pipelines.filters.base import Filter, PageText
from pipelines.filters.language import Languages
from pipelines.filters.min_words import MinWords

FILTERS: tuple[type[Filter], ...] = (MinWords, Languages)

__all__ = ["FILTERS", "Filter", "PageText"]
