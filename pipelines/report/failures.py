"""Pages and documents without a sample, grouped by reason, with explanations for people."""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow.compute as pc
import pyarrow.dataset as ds

from pipelines.filters import FILTERS
from pipelines.report.counting import IS_OK, count_column
from pipelines.report.links import document_link

LISTED_FAILURES = 40

MEANINGS = {
    "blank": "has nothing on it",
    "placeholder": "stands for content that is not in it: the notice of an XFA form, or the cover of a portfolio",
    "encrypted": "needs a password, or is protected in another way",
    "corrupt": "is damaged",
    "not_pdf": "is not a PDF",
    "unreadable": "does not exist, or may not be read",
    "changed": "had different bytes when its pages were built than when they were planned",
    "empty": "has no bytes or no pages",
    "too_large": "exceeds the limits on the size of a page",
    "timeout": "took longer than --page_timeout_s",
    "out_of_memory": "took more memory than --page_memory_mb",
    "crashed": "crashed its process",
    "ocr_failed": "could not be read by the OCR engine",
    "duplicate": "has the same bytes as another input document, which was built",
    "excluded": "is in the list of --exclude",
    **{kind.status.value: kind.meaning for kind in FILTERS},
}
"""Explains each status except `ok`. The page or document is the subject of the sentence."""


@dataclass(frozen=True)
class FailedPage:
    """A page without a sample.

    Attributes:
        uri: the document.
        page: page number from 1; 0 for a whole document of which no page could be attempted.
        detail: more about the reason.
        link: address that opens the page in a browser; None if a browser cannot open the document.
    """

    uri: str
    page: int
    detail: str
    link: str | None


@dataclass(frozen=True)
class FailureGroup:
    """All pages and documents that have no sample for the same reason.

    Attributes:
        status: the reason, a value of `PageStatus`.
        meaning: explanation of the status.
        count: number of pages and documents.
        rows: the first `LISTED_FAILURES` of them.
    """

    status: str
    meaning: str
    count: int
    rows: list[FailedPage]


def failures_of(manifest: ds.Dataset) -> list[FailureGroup]:
    """Groups the rows that are not `ok` by status.

    Args:
        manifest: rows of `MANIFEST_SCHEMA`.

    Returns:
        One group per status, the most frequent status first. The rows in a group are sorted by uri and page.
    """
    bad = manifest.to_table(columns=["uri", "page", "detail", "status"], filter=~IS_OK)
    counts = count_column(bad["status"])
    groups = []
    for status in sorted(counts, key=lambda name: (-counts[name], name)):
        rows = bad.filter(pc.equal(bad["status"], status)).sort_by([("uri", "ascending"), ("page", "ascending")])
        listed = rows.slice(0, LISTED_FAILURES).select(["uri", "page", "detail"]).to_pylist()
        failures = [FailedPage(**row, link=document_link(row["uri"], row["page"])) for row in listed]
        groups.append(FailureGroup(status, MEANINGS[status], counts[status], failures))
    return groups
