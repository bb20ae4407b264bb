"""Builds the pages of a PDF, given as bytes, from its text layer."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import pytest

from pipelines.build.inspection import DocumentTask, inspect_document
from pipelines.build.pages import PageBuilder, PageTask
from pipelines.config import PageConfig
from pipelines.filters.min_words import MinWords
from pipelines.page.assemble import PageId
from schemas import Page, PageStatus, decode_page, load_tokenizer


class BuiltPage(NamedTuple):
    """What became of a page; `page` is its record, None without a sample."""

    status: PageStatus
    detail: str
    page: Page | None


@pytest.fixture
def page_of(tmp_path) -> Callable[..., BuiltPage]:
    """Returns a function that inspects a PDF and builds one of its pages, as a build does it.

    The numbers in `after` are those of pages that the same process builds before.
    """

    def build(pdf: bytes, number: int = 1, after: tuple[int, ...] = (), min_words: int = 1) -> BuiltPage:
        path = tmp_path / "document.pdf"
        path.write_bytes(pdf)
        document = inspect_document(DocumentTask(path, path.name))
        if document.status is not PageStatus.OK:
            return BuiltPage(document.status, document.detail, None)
        builder = PageBuilder(PageConfig(text_source="pdf", filters=(MinWords(min_words),)), None, load_tokenizer())
        for each in (*after, number):
            result = builder(PageTask(PageId(path.name, document.sha256, each, document.pages), path))
        page = decode_page(result.sample["json"]) if result.sample else None
        return BuiltPage(result.facts.status, result.facts.detail, page)

    return build
