"""`report.html`: what is in a corpus, what is not and why, in one file that needs nothing else."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from pipelines.failures import failures_of
from pipelines.gallery import exhibit, pick_gallery
from pipelines.histogram import Histogram, histogram_of
from pipelines.links import document_link
from pipelines.page_view import PageView
from pipelines.rendering import render
from schemas import CorpusIndex, PageStatus, Sample

LISTED = 8  # image sizes, languages

__all__ = ["pick_gallery", "render_report"]


@dataclass(frozen=True)
class Share:
    """A part of a whole: `share` is 0..1."""

    name: str
    count: int
    share: float


@dataclass(frozen=True)
class Chart:
    """A histogram with its words."""

    title: str
    unit: str
    digits: int
    histogram: Histogram


def render_report(index: CorpusIndex, manifest: pa.Table, plan: pa.Table, gallery: Sequence[Sample]) -> str:
    """Renders the report of a corpus as one HTML page without outside files, scripts or network.

    The same tables in any order give the same page; only the column `seconds` differs between two builds. Documents
    that are on this machine or on the web are linked.

    Args:
        manifest: rows of `MANIFEST_SCHEMA`.
        plan: rows of `PLAN_SCHEMA`.
        gallery: the samples to show, see `pick_gallery`.
    """
    pages = manifest.filter(pc.greater(manifest["page"], 0))
    good = pages.filter(pc.equal(pages["status"], PageStatus.OK.value))
    return render(
        "report.html.j2",
        index=index,
        totals=index.totals,
        page_shares=shares_of(pages["status"]),
        document_shares=shares_of(plan["status"]),
        failures=failures_of(manifest),
        lost_documents=pc.sum(pc.not_equal(plan["status"], PageStatus.OK.value)).as_py() or 0,
        charts=_charts(pages, good),
        image_sizes=_image_sizes(good),
        text_sources=shares_of(good["text_source"]),
        languages=_languages(good),
        turned=pc.sum(pc.not_equal(good["rotation"], 0)).as_py() or 0,
        tilted=pc.sum(pc.greater(pc.abs(good["skew_deg"]), 0.5)).as_py() or 0,
        samples=good.num_rows,
        config=json.dumps(index.config, indent=2, sort_keys=True, ensure_ascii=False),
        gallery=[_exhibit(sample, index) for sample in gallery],
    )


def shares_of(column: pa.ChunkedArray) -> list[Share]:
    """Counts the values of a column of strings: `ok` first, then by falling count."""
    counts = {entry["values"]: entry["counts"] for entry in pc.value_counts(column).to_pylist()}
    ranked = sorted(counts, key=lambda name: (name != PageStatus.OK.value, -counts[name], name))
    return [Share(name, counts[name], counts[name] / len(column)) for name in ranked]


def _exhibit(sample: Sample, index: CorpusIndex) -> tuple[PageView, str | None]:
    view = exhibit(sample, index)
    return view, document_link(view.page.uri, view.page.page)


def _charts(pages: pa.Table, good: pa.Table) -> list[Chart]:
    read = good.filter(pc.equal(good["text_source"], "ocr"))  # the words of a text layer all score 1
    wanted = [
        ("Words a page", "words", 0, histogram_of(good["words"].to_numpy(), 1)),
        ("Lines a page", "lines", 0, histogram_of(good["lines"].to_numpy(), 1)),
        ("Mean OCR confidence of a page", "", 3, histogram_of(read["mean_score"].to_numpy(), 0.001, lowest=None)),
        ("Seconds a page", "s", 2, histogram_of(pages["seconds"].to_numpy(), 0.01)),
    ]
    return [Chart(title, unit, digits, found) for title, unit, digits, found in wanted if found is not None]


def _image_sizes(good: pa.Table) -> list[Share]:
    """Returns the most frequent image sizes, and the rest as one."""
    names = pc.binary_join_element_wise(
        pc.cast(good["image_width"], pa.string()), pc.cast(good["image_height"], pa.string()), " × "
    )
    return _most_frequent(shares_of(names), "sizes")


def _languages(good: pa.Table) -> list[Share]:
    named = pc.if_else(pc.equal(good["language"], ""), "not told", good["language"])
    return _most_frequent(shares_of(named), "languages")


def _most_frequent(shares: list[Share], what: str) -> list[Share]:
    rest = shares[LISTED:]
    total = sum(share.count for share in rest)
    others = [Share(f"{len(rest)} other {what}", total, sum(share.share for share in rest))] if rest else []
    return shares[:LISTED] + others
