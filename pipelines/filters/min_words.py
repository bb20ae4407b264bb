"""`--min_words`: leaves out pages with too few words."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from typing import ClassVar

from pipelines.filters.base import PageText
from schemas import PageStatus
from schemas.support.arguments import not_negative


@dataclass(frozen=True)
class MinWords:
    """Leaves out pages with fewer than `value` words."""

    name: ClassVar[str] = "min_words"
    status: ClassVar[PageStatus] = PageStatus.TOO_FEW_WORDS
    meaning: ClassVar[str] = "has fewer words than --min_words"

    value: int = 1

    @classmethod
    def add_flag(cls, group: argparse._ArgumentGroup) -> None:
        """Adds `--min_words`."""
        group.add_argument(
            "--min_words",
            type=not_negative,
            default=cls.value,
            help="pages with fewer words get the status too_few_words; 0 keeps pages without a word "
            "(default: %(default)s)",
        )

    def setting(self) -> int:
        """Returns the minimum number of words."""
        return self.value

    def reason(self, page: PageText) -> str:
        """Returns why the page is left out, or an empty string to keep it."""
        return "" if len(page.words) >= self.value else f"{len(page.words)} words, --min_words is {self.value}"
