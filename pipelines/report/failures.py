"""What a corpus lacks and why: the rows that came to nothing, by reason, in the words of people."""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow.compute as pc
import pyarrow.dataset as ds

from pipelines.report.counting import IS_OK, count_column
from pipelines.report.links import document_link

LISTED_FAILURES = 40

MEANINGS = {
    "blank": "nothing is on it",
    "too_few_words": "fewer words than --min_words",
    "other_language": "in none of --languages",
    "encrypted": "asks for a password",
    "corrupt": "is damaged",
    "not_pdf": "is something else than a PDF",
    "unreadable": "is not there, or may not be read",
    "changed": "had other bytes when its pages were built than when they were planned",
    "empty": "has no bytes or no pages",
    "too_large": "beyond the limits on a page's size",
    "timeout": "took longer than --page_timeout_s",
    "out_of_memory": "took more than --page_memory_mb",
    "crashed": "killed its process",
    "ocr_failed": "the OCR engine could not read it",
    "duplicate": "same bytes as another document, which was built",
}


@dataclass(frozen=True)
class FailedPage:
    """A page, or with `page` 0 a document, without a sample; `link` opens it, where that is possible."""

    uri: str
    page: int
    detail: str
    link: str | None


@dataclass(frozen=True)
class FailureGroup:
    """All that came to nothing for one reason; `rows` are the first of `count`."""

    status: str
    meaning: str
    count: int
    rows: list[FailedPage]


def failures_of(manifest: ds.Dataset) -> list[FailureGroup]:
    """Groups the rows that are not `ok` by status, the most frequent first; lists the first of each by uri."""
    bad = manifest.to_table(columns=["uri", "page", "detail", "status"], filter=~IS_OK)
    counts = count_column(bad["status"])
    groups = []
    for status in sorted(counts, key=lambda name: (-counts[name], name)):
        rows = bad.filter(pc.equal(bad["status"], status)).sort_by([("uri", "ascending"), ("page", "ascending")])
        listed = rows.slice(0, LISTED_FAILURES).select(["uri", "page", "detail"]).to_pylist()
        failures = [FailedPage(**row, link=document_link(row["uri"], row["page"])) for row in listed]
        groups.append(FailureGroup(status, MEANINGS[status], counts[status], failures))
    return groups
