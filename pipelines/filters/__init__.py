"""Filters leave pages out of a corpus: one file and one class each, with the status that its pages get.

May import: argument types, `pipelines.lines.words`, `schemas`. `FILTERS` is the order in which a page meets them.
"""

from pipelines.filters.base import Filter, PageText
from pipelines.filters.language import Languages
from pipelines.filters.min_words import MinWords

FILTERS: tuple[type[Filter], ...] = (MinWords, Languages)

__all__ = ["FILTERS", "Filter", "PageText"]
