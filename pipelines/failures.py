"""What a corpus lacks and why: the rows that came to nothing, by reason, in the words of people."""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from pipelines.links import document_link
from schemas import PageStatus

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
class Failure:
    """A page, or with `page` 0 a document, without a sample; `link` opens it, where that is possible."""

    uri: str
    page: int
    detail: str
    link: str | None


@dataclass(frozen=True)
class Failures:
    """All that came to nothing for one reason; `rows` are the first of `count`."""

    status: str
    meaning: str
    count: int
    rows: list[Failure]


def failures_of(manifest: pa.Table) -> list[Failures]:
    """Groups the rows that are not `ok` by status, the most frequent first; lists the first of each by uri."""
    bad = manifest.filter(pc.not_equal(manifest["status"], PageStatus.OK.value))
    counts = {entry["values"]: entry["counts"] for entry in pc.value_counts(bad["status"]).to_pylist()}
    groups = []
    for status in sorted(counts, key=lambda name: (-counts[name], name)):
        rows = bad.filter(pc.equal(bad["status"], status)).sort_by([("uri", "ascending"), ("page", "ascending")])
        listed = rows.slice(0, LISTED_FAILURES).select(["uri", "page", "detail"]).to_pylist()
        failures = [Failure(**row, link=document_link(row["uri"], row["page"])) for row in listed]
        groups.append(Failures(status, MEANINGS[status], counts[status], failures))
    return groups
