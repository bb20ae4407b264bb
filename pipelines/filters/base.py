"""What a filter is, and what it judges a page by."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

from pipelines.lines.words import RawWord
from schemas import PageStatus


@dataclass(frozen=True)
class PageText:
    """The text of a page that was read.

    Attributes:
        words: in any order.
        language: ISO 639 code, empty where the language is unknown.
    """

    words: Sequence[RawWord]
    language: str


class Filter(Protocol):
    """Leaves pages out. A filter is a frozen dataclass with one field, `value`, which has a default.

    Attributes:
        name: of its flag, and of its setting in `index.json`.
        status: of the pages that it leaves out.
    """

    name: ClassVar[str]
    status: ClassVar[PageStatus]

    def __init__(self, value: Any = ...) -> None: ...

    @classmethod
    def add_flag(cls, group: argparse._ArgumentGroup) -> None:
        """Adds the flag `--name`, which yields `value`."""
        ...

    def setting(self) -> Any:
        """Returns `value` as `index.json` holds it."""
        ...

    def reason(self, page: PageText) -> str:
        """Returns why the page is left out, for its row in the manifest; an empty string keeps the page."""
        ...
