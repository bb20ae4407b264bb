"""The protocol of a filter, and the text of a page on which a filter decides."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

from pipelines.lines.words import RawWord
from schemas import PageStatus


@dataclass(frozen=True)
class PageText:
    """The text of a page.

    Attributes:
        words: all words of the page, in any order.
        language: ISO 639 code, empty if the language is unknown.
    """

    words: Sequence[RawWord]
    language: str


class Filter(Protocol):
    """Leaves pages out. A filter is a frozen dataclass with one field, `value`, which has a default.

    Attributes:
        name: name of its flag and of its setting in `index.json`.
        status: status of the pages that it leaves out.
        meaning: the status in words, for the report; the page is the subject of the sentence.
    """

    name: ClassVar[str]
    status: ClassVar[PageStatus]
    meaning: ClassVar[str]

    def __init__(self, value: Any = ...) -> None: ...

    @classmethod
    def add_flag(cls, group: argparse._ArgumentGroup) -> None:
        """Adds the flag `--name`, whose parsed value becomes `value`."""
        ...

    def setting(self) -> Any:
        """Returns `value` as `index.json` stores it."""
        ...

    def reason(self, page: PageText) -> str:
        """Returns why the page is left out, for its row in the manifest, or an empty string to keep the page."""
        ...
